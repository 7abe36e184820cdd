"""``python -m dropship.hcl``: from a file to JSON."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dropship.hcl import __main__ as program

ROOT = Path(program.__file__).parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a call."""
    code = program.main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def write(tmp_path: Path, text: str | bytes) -> str:
    """A file of this text."""
    path = tmp_path / "x.hcl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_valid_file_is_printed_in_version_ones_shape(tmp_path: Path) -> None:
    """Run as people do."""
    path = write(tmp_path, 'service "web" { port = 80 }\nservice {}\n')
    done = subprocess.run(
        [sys.executable, "-m", "dropship.hcl", path],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"service": [{"web": [{"port": 80}]}, {}]}


def test_faulty_file_prints_diagnostics_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, standard output stays empty."""
    path = write(tmp_path, "a = 10s\nb = c\n")
    code, out, err = run(capsys, path)
    assert (code, out) == (1, "")
    assert f"{path}:1:5: error E109: 10s is not a number" in err
    assert f"{path}:2:5: error E107" in err


def test_warning_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told, and the file is printed."""
    code, out, err = run(capsys, write(tmp_path, "a = 10 s {}"))
    assert (code, json.loads(out)) == (0, {"a": 10, "s": [{}]})
    assert "warning W101" in err


def test_calls_are_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """env() with and without a default, file() without its last newline."""
    monkeypatch.setenv("SOME_SECRET", "s3cr3t")
    monkeypatch.delenv("NO_SECRET", raising=False)
    secret = tmp_path / "secret"
    secret.write_text("one\ntwo\n\n")
    text = f'a = env("SOME_SECRET") b = env("NO_SECRET", "d") c = [file("{secret}")]'
    code, out, _ = run(capsys, write(tmp_path, text))
    assert (code, json.loads(out)) == (0, {"a": "s3cr3t", "b": "d", "c": ["one\ntwo\n"]})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('env("NO_SECRET")', "error E121: NO_SECRET is not set in the environment"),
        ('file("/does/not/exist")', "error E122: /does/not/exist cannot be read: No such file"),
        ('file("/\\x00")', "error E122"),
    ],
)
def test_call_that_finds_nothing_is_told(
    call: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At its place, exit 1."""
    monkeypatch.delenv("NO_SECRET", raising=False)
    code, out, err = run(capsys, write(tmp_path, f"a = {call}"))
    assert (code, out) == (1, "")
    assert f":1:5: {message}" in err


def test_tree_has_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines and columns from 1, the end exclusive; calls are not evaluated."""
    text = 'a "b" {\n  c = [1.50, true, env("NO")] # d\n}\n'
    code, out, _ = run(capsys, "--ast", write(tmp_path, text))
    found: dict[str, Any] = json.loads(out)
    assert code == 0
    block = found["items"][0]
    assert block["keys"][1] == {
        "type": "STRING", "value": "b", "line": 1, "col": 3, "end_line": 1, "end_col": 6,
    }  # fmt: skip
    assert (block["val"]["kind"], block["val"]["end_line"], block["val"]["end_col"]) == (
        "object", 3, 2,
    )  # fmt: skip
    number, _boolean, call = block["val"]["items"][0]["val"]["items"]
    assert (number["type"], number["value"], number["col"]) == ("FLOAT", "1.50", 8)
    assert (call["kind"], call["function"]) == ("call", "env")
    assert found["comments"][0]["text"] == "# d"


def test_tree_places_and_types_do_not_depend_on_marks_and_lengths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A byte order mark is in no column, and a long integer is one."""
    long = "9" * 5000
    code, out, _ = run(capsys, "--ast", write(tmp_path, f"\ufeffa = {long}\nb = -0x1F"))
    first, second = json.loads(out)["items"]
    assert (code, first["keys"][0]["col"], first["keys"][0]["end_col"]) == (0, 1, 2)
    assert (first["val"]["type"], first["val"]["value"], first["val"]["col"]) == ("NUMBER", long, 5)
    assert (second["val"]["type"], second["val"]["line"], second["val"]["col"]) == ("NUMBER", 2, 5)


def test_json_null_is_null_in_the_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the decoded shape, version 1's, has no null."""
    code, out, _ = run(capsys, "--ast", write(tmp_path, '{"a": null}'))
    assert (code, json.loads(out)["items"][0]["val"]["value"]) == (0, None)


def test_file_that_is_no_utf8_has_a_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes are pointed at like anything else."""
    code, _, err = run(capsys, write(tmp_path, b'a = 1\nb = "\xff"\n'))
    assert code == 1
    assert ":2:6: error E116: this is not UTF-8" in err


def test_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line with the cause."""
    path = str(tmp_path / "none.hcl")
    assert run(capsys, path) == (1, "", f"{path}: cannot be read: No such file or directory\n")


def test_dash_reads_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a pipe."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a = 1")))
    assert run(capsys, "-")[:2] == (0, '{\n  "a": 1\n}\n')
