"""Where the agent is, is found without its services being read, and found alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.config.brief import brief
from dropship.config.load import run_path

PLAIN = """\
service "{name}" {{
  before "script" {{ command = "echo ${{HOME}}" }}
  artifact "file" {{
    path = "/x"
  }}
}}
"""
MAIN = 'run_path = "/there"\n'


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (PLAIN.format(name="a") + MAIN + PLAIN.format(name="b"), "\n" + MAIN + "\n"),
        (PLAIN.format(name="a").replace("\n", "\r\n") + MAIN, "\n" + MAIN),
        ('service "a" {\n  x = <<E\n}\nrun_path = "/no"\nE\n}\n' + MAIN, None),
        ('service "a" { /*\n}\n*/ }\n' + MAIN, None),
        ('service "a" {\n  x = "${\n}"\n}\n' + MAIN, None),
        ('service "a" {\n  /*\n}\nrun_path = "/no"\n{ */\n}\n' + MAIN, None),
    ],
)
def test_plain_services_are_left_out_and_others_are_not(text: str, left: str | None) -> None:
    """What might hold a brace that is none stays."""
    assert brief(text) == (text if left is None else left)


@pytest.mark.parametrize(
    "service",
    [
        PLAIN.format(name="a"),
        'service "a" {\nartifact "file" {\n}\n}\n',
        'service "a" {\nartifact "file" {\nrun_path = "/no"\n}\nrun_path = "/nor this"\n}\n',
        'service "a" {\n  x = <<E\n}\nrun_path = "/no"\n{\nE\n}\n',
        'service "a" {\n  x = "nothing ends this\n}\n',
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_run_path_is_what_the_main_file_says(tmp_path: Path, service: str, *, first: bool) -> None:
    """Whatever stands in a service, also where it is indented oddly or faulty."""
    main = tmp_path / "dropship.hcl"
    main.write_text(MAIN + service if first else service + MAIN)
    assert run_path(main, environ={}, cwd=tmp_path, euid=0) == Path("/there")
