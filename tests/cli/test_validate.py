"""``dropship validate`` from outside: what it prints and how it exits."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dropship.cli.main import run
from tests.config.conftest import WEB

SOUND = WEB.format(service="", artifact="")
_PATH = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
FAULTY = SOUND.replace("checkInterval", "oddInterval")  # no slip of the pen: two faults


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DROPSHIP_CONFIG", raising=False)
    return tmp_path


def _validate(*arguments: str) -> int:
    return run(["validate", *arguments])


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_valid_configuration_exits_0_with_a_count(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing on standard error."""
    (folder / "main.hcl").write_text(SOUND)
    assert run(["--config", "main.hcl", "validate"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("valid: 1 service, 0 warnings\n", "")


def test_configuration_may_be_named_by_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DROPSHIP_CONFIG."""
    (folder / "main.hcl").write_text(SOUND)
    monkeypatch.setenv("DROPSHIP_CONFIG", str(folder / "main.hcl"))
    assert _validate() == 0
    assert "1 service" in capsys.readouterr().out


def test_faults_exit_1_and_are_drawn_with_a_summary(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown key is a warning, the missing one an error."""
    (folder / "web.hcl").write_text(FAULTY)
    assert _validate("web.hcl") == 1
    assert capsys.readouterr().out == (
        'web.hcl:2:1: error E203: service "web" has no checkInterval\n'
        ' 2 | service "web" {\n'
        "   | ^^^^^^^^^^^^^\n"
        "  hint: add checkInterval = …\n"
        "\n"
        'web.hcl:3:3: warning W201: service "web" knows no key oddInterval; it is ignored\n'
        ' 3 |   oddInterval = "10s"\n'
        "   |   ^^^^^^^^^^^\n"
        "  hint: did you mean checkInterval?\n"
        "\n"
        "1 error, 1 warning in 1 file\n"
    )


def test_json_has_exactly_the_fields_of_the_contract(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fields, types, order of diagnostics."""
    (folder / "web.hcl").write_text(FAULTY + SOUND)
    assert _validate("--format", "json", "web.hcl") == 1
    document = _json(capsys)
    assert list(document) == ["valid", "files", "services", "diagnostics"]
    assert document["valid"] is False
    assert document["files"] == ["web.hcl"]
    assert document["services"] == ["web"]
    missing, unknown, twice = document["diagnostics"]
    assert missing == {
        "severity": "error",
        "code": "E203",
        "message": 'service "web" has no checkInterval',
        "file": "web.hcl",
        "line": 2,
        "column": 1,
        "endLine": 2,
        "endColumn": 14,
        "suggestion": "add checkInterval = …",
        "related": [],
    }
    assert unknown["severity"] == "warning"
    assert twice["related"] == [
        {
            "message": "the other one is here",
            "file": "web.hcl",
            "line": 2,
            "column": 1,
            "endLine": 2,
            "endColumn": 14,
        }
    ]


def test_json_of_a_valid_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No diagnostics, exit 0."""
    (folder / "main.hcl").write_text(SOUND)
    assert _validate("main.hcl", "--format=json") == 0
    assert _json(capsys) == {
        "valid": True,
        "files": ["main.hcl"],
        "services": ["web"],
        "diagnostics": [],
    }


def test_file_that_cannot_be_read_is_e001_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, not 2: the call was right, the file is at fault."""
    assert _validate("--format", "json", "missing.hcl") == 1
    document = _json(capsys)
    (diagnostic,) = document["diagnostics"]
    assert diagnostic["code"] == "E001"
    assert (diagnostic["file"], diagnostic["line"]) == ("missing.hcl", 1)
    assert document["files"] == ["missing.hcl"]


def test_github_annotations_are_workflow_commands(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One a line; what would end a property or a line is escaped."""
    name = "100%, a:b.hcl"
    (folder / name).write_text(FAULTY)
    assert _validate("--format", "github", name) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "::error file=100%25%2C a%3Ab.hcl,line=2,endLine=2,endColumn=14,col=1,title=E203::"
        'service "web" has no checkInterval (add checkInterval = …)'
    )
    assert second.startswith("::warning file=100%25")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SOUND.replace("checkInterval", 'odd = "1"\ncheckInterval'), "E201"),
        (SOUND.replace("checkInterval", "odd { }\ncheckInterval"), "E202"),
        (SOUND.replace('"10s"', 'env("DROPSHIP_UNSET_IN_TESTS")'), "E217"),
    ],
)
def test_strict_makes_errors_of_what_may_be_a_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, code: str
) -> None:
    """Unknown keys, unknown blocks, missing values; the same file passes without it."""
    (folder / "web.hcl").write_text(text)
    assert _validate("web.hcl") == 0
    capsys.readouterr()
    assert _validate("--strict", "--format=json", "web.hcl") == 1
    (diagnostic,) = _json(capsys)["diagnostics"]
    assert (diagnostic["severity"], diagnostic["code"]) == ("error", code)
    assert "ignored" not in diagnostic["message"]


def test_strict_leaves_other_warnings_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deprecated key works, and that is no mistake."""
    (folder / "web.hcl").write_text(
        SOUND.replace("checkInterval", 'preCommand = "x"\ncheckInterval')
    )
    assert _validate("--strict", "web.hcl") == 0
    assert capsys.readouterr().out.endswith("valid: 1 service, 1 warning\n")


def test_service_file_alone_may_use_what_its_main_file_defines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning; in a main file it is an error."""
    text = SOUND.replace('"http"', '"backup"')
    (folder / "web.hcl").write_text(text)
    assert _validate("web.hcl") == 0
    assert "W213" in capsys.readouterr().out
    (folder / "main.hcl").write_text(text + "maxStagings = 1\n")
    assert _validate("main.hcl") == 1
    assert "E213" in capsys.readouterr().out


def test_several_service_files_are_looked_at_together(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a shell's ``*.hcl`` gives them: two services of one name are found."""
    (folder / "a.hcl").write_text(SOUND)
    (folder / "b.hcl").write_text(SOUND)
    assert _validate("a.hcl", "b.hcl", "--format=json") == 1
    document = _json(capsys)
    assert document["files"] == ["a.hcl", "b.hcl"]
    assert "E210" in [one["code"] for one in document["diagnostics"]]


def test_folder_of_services_is_looked_at_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its main file is not known."""
    (folder / "services").mkdir()
    (folder / "services/web.hcl").write_text(SOUND.replace('"http"', '"backup"'))
    assert _validate("services") == 0
    assert "W213" in capsys.readouterr().out


def test_main_folder_is_looked_at_with_its_services(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the main files define is there."""
    (folder / "dropship.hcl").write_text('repo "backup" { type = "http" }')
    (folder / "services").mkdir()
    (folder / "services/web.hcl").write_text(SOUND.replace('"http"', '"backup"'))
    assert _validate(".") == 0
    assert capsys.readouterr().out == "valid: 1 service, 0 warnings\n"


def test_explain_tells_the_story_of_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0; a code that does not exist is a wrong call."""
    assert _validate("--explain", "E203") == 0
    assert capsys.readouterr().out.startswith("E203: ")
    assert _validate("--explain", "E299") == 2
    assert "there is no code E299" in capsys.readouterr().err


def test_unknown_format_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    assert _validate("--format", "xml") == 2
    assert "xml" in capsys.readouterr().err


def test_secrets_are_masked_in_text_and_absent_from_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither form shows one."""
    (folder / "main.hcl").write_text('repo "s3" { secret = "hunter2" retries = "x" }')
    for form in ("text", "json", "github"):
        assert _validate("--format", form, "main.hcl") == 1
        out, err = capsys.readouterr()
        assert "retries" in out
        assert "hunter2" not in out + err


def _on_a_terminal(folder: Path, environ: dict[str, str]) -> str:
    master, slave = pty.openpty()
    with os.fdopen(master, "rb", buffering=0) as reader:
        process = subprocess.Popen(
            [sys.executable, "-m", "dropship", "validate", "web.hcl"],
            cwd=folder,
            stdout=slave,
            env={**os.environ, "PYTHONPATH": _PATH, **environ},
        )
        os.close(slave)
        output = b""
        while True:
            try:
                piece = reader.read(4096)
            except OSError:  # EIO is the end of a terminal
                break
            if not piece:
                break
            output += piece
        assert process.wait(30) == 1
    return output.decode()


def test_colours_are_for_terminals_that_want_them(folder: Path) -> None:
    """Not with NO_COLOR; the text is the same."""
    (folder / "web.hcl").write_text(FAULTY)
    coloured = _on_a_terminal(folder, {"NO_COLOR": ""})
    plain = _on_a_terminal(folder, {"NO_COLOR": "1"})
    assert "\033[" in coloured
    assert "\033[" not in plain
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == plain


def test_checking_imports_no_client_of_any_store(folder: Path) -> None:
    """Starting stays quick: neither boto3 nor requests nor rich, nor a look at entry points."""
    (folder / "main.hcl").write_text('repo "s3" { }\n' + SOUND)
    program = (
        "import sys\n"
        "from dropship.cli.main import run\n"
        "code = run(['validate', 'main.hcl'])\n"
        "print(code, *sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": _PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "0"
    assert not {"boto3", "botocore", "requests", "rich", "difflib"} & set(modules)


def test_service_file_alone_may_have_its_interval_from_the_main_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it clearly belongs to one: by its folder, its repo, its lock."""
    bare = SOUND.replace('checkInterval = "10s"', "")
    (folder / "services").mkdir()
    (folder / "services/web.hcl").write_text(bare)
    (folder / "new").mkdir()
    (folder / "new/repo.hcl").write_text(bare.replace('"http"', '"backup"'))
    (folder / "new/lock.hcl").write_text(bare.replace("artifact", 'lock = "turns" artifact'))
    for name in ("services/web.hcl", "services", "new/repo.hcl", "new/lock.hcl"):
        assert _validate(name) == 0
        out = capsys.readouterr().out
        assert 'W203: service "web" has no checkInterval in this file' in out
        assert "valid: 1 service" in out


def test_service_file_alone_without_an_interval_is_at_fault_otherwise(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing says that there is a main file; or a key shows what was meant."""
    (folder / "web.hcl").write_text(SOUND.replace('checkInterval = "10s"', ""))
    (folder / "services").mkdir()
    (folder / "services/web.hcl").write_text(SOUND.replace("checkInterval", "chekInterval"))
    assert _validate("services/web.hcl") == 1
    assert "error E201" in capsys.readouterr().out
    (folder / "services/web.hcl").unlink()
    (folder / "services").rmdir()
    assert _validate("web.hcl") == 1
    assert "E203" in capsys.readouterr().out


def test_service_file_beside_its_main_file_is_looked_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a shell's ``*.hcl */*.hcl`` gives them: what the main file defines is known."""
    (folder / "dropship.hcl").write_text('repo "backup" { type = "http" url = "https://x" }')
    (folder / "services").mkdir()
    (folder / "services/web.hcl").write_text(SOUND.replace('"http"', '"backup"'))
    (folder / "new").mkdir()
    (folder / "new/other.hcl").write_text(SOUND.replace("web", "other"))
    names = ["services/web.hcl", "./dropship.hcl", "new/other.hcl"]
    assert _validate(*names, "--format", "json") == 0
    document = _json(capsys)
    assert document["diagnostics"] == []
    assert document["services"] == ["web", "other"]
    assert document["files"] == ["dropship.hcl", "services/web.hcl", "new/other.hcl"]


def test_service_file_may_be_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Null says nothing, as if the key were not there."""
    text = (
        '{"service": {"web": {"checkInterval": "10s", "splay": null,'
        ' "artifact": {"file": {"path": "/x", "destination": "/srv/web"}}}}}'
    )
    (folder / "web.json").write_text(text)
    assert _validate("web.json") == 0
    (folder / "web.json").write_text(text.replace('"10s"', "null"))
    assert _validate("web.json") == 1
    assert "E203" in capsys.readouterr().out


def test_diagnostics_are_in_the_order_of_files_and_lines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever finds them."""
    (folder / "main.hcl").write_text('state_pth = "/x"\nwatchdog = "x"\nrepo "s4" {}\n')
    (folder / "services").mkdir()
    broken = (
        'service "%s" { checkInterval = "x" artifact "nope" { destination = "/usr" } odd = 1 }\n'
    )
    (folder / "services/a.hcl").write_text(broken % "a" + broken % "b")
    (folder / "services/b.hcl").write_text(broken % "c")
    assert _validate("main.hcl", "--format", "json") == 1
    places = [(one["file"], one["line"], one["column"]) for one in _json(capsys)["diagnostics"]]
    assert places == sorted(places, key=lambda place: (place[0] != "main.hcl", place))
    assert len(places) == 18
    assert {file for file, _, _ in places} == {"main.hcl", "services/a.hcl", "services/b.hcl"}


def test_folder_without_files_is_no_file_at_all(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence at the end counts none."""
    (folder / "empty").mkdir()
    assert _validate("empty") == 1
    assert capsys.readouterr().out.endswith("1 error, 0 warnings\n")


def test_values_that_would_upset_a_terminal_are_told_in_plain_text(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters, new lines, and pages of text."""
    text = SOUND.replace('"10s"', '"%s"')
    for value in ("\\e[31m".replace("\\e", "\\x1b"), "a\\nb", "x" * 5000):
        (folder / "web.hcl").write_text(text % value)
        assert _validate("web.hcl") == 1
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert max(map(len, out.splitlines())) < 200
        assert out.splitlines()[0].startswith("web.hcl:3:19: error E205: checkInterval: ")


def test_colours_are_those_of_a_compiler(folder: Path) -> None:
    """Place and message bold, severity and carets in their own, what belongs to it in another."""
    (folder / "web.hcl").write_text(SOUND + SOUND.replace('"web"', '"web" "x"') + SOUND)
    third = 2 + 2 * SOUND.count("\n")
    out = _on_a_terminal(folder, {"NO_COLOR": "", "TERM": "xterm"}).replace("\r\n", "\n")
    assert (
        f"\033[1mweb.hcl:{third}:1:\033[0m \033[1;31merror E210:\033[0m "
        '\033[1mthere are two services called "web"\033[0m\n'
        f'\033[2m {third} | \033[0mservice "web" {{\n'
        "\033[2m    | \033[0m\033[1;31m^^^^^^^^^^^^^\033[0m\n"
        "\033[1;36m  web.hcl:2:1:\033[0m the other one is here\n"
        '\033[2m 2 | \033[0mservice "web" {\n'
        "\033[2m   | \033[0m\033[1;36m^^^^^^^^^^^^^\033[0m\n"
        "\033[1;36m  hint:\033[0m give each its own name\n"
    ) in out


def test_terminal_that_takes_no_colours_gets_none(folder: Path) -> None:
    """As its TERM says."""
    (folder / "web.hcl").write_text(FAULTY)
    assert "\033[" not in _on_a_terminal(folder, {"NO_COLOR": "", "TERM": "dumb"})
