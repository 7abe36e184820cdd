"""Vim knows the files of a configuration, as a real one says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.tools import needed

_OURS = Path(__file__).parents[2] / "packaging" / "vim"

# A Vim that knows no files but by what is on its path: newer ones have their own rule for *.hcl.
_FILETYPE = "augroup filetypedetect\nruntime! ftdetect/*.vim\naugroup END\n"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("dropship.hcl", True),
        ("dropship.d/dropship.hcl", True),
        ("dropship.d/more.hcl", True),
        ("dropship.d/services/web.hcl", True),
        ("dropship.d/services/web.json", False),
        ("other.d/web.hcl", False),
        ("notdropship.hcl", False),
    ],
)
@pytest.mark.parametrize("exists", [True, False], ids=["old", "new"])
def test_file_of_a_configuration_is_hcl(
    tmp_path: Path, name: str, known: bool, exists: bool
) -> None:
    """Whether it is there already or just being written; others are left alone."""
    vim = needed("vim", "vim.tiny")
    (tmp_path / "filetype.vim").write_text(_FILETYPE)
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if exists:
        file.touch()
    commands = ["filetype on", f"edit {file}", "redir! > out", "set filetype?", "redir END", "qa!"]
    subprocess.run(
        [vim, "-Nu", "NONE", "-i", "NONE", "-n", "-es"]
        + ["--cmd", f"set runtimepath={tmp_path},{_OURS}"]
        + [word for command in commands for word in ("-c", command)],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    assert (tmp_path / "out").read_text().split() == [f"filetype={'hcl' if known else ''}"]
