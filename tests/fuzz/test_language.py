"""Whatever a configuration's text is, it is read, and what is wrong is shown in its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dropship.hcl import reading, repair_text
from dropship.hcl.ast import Source
from tests.fuzz import guided
from tests.fuzz.language import made, run
from tests.fuzz.pieces import pieces

INPUTS = 400
SECONDS = 5.0


def test_no_spoiled_text_does_anything_else() -> None:
    """No exception, no hang, no place outside; a machine that is slow tries fewer."""
    seen = run(INPUTS, seed=20261124, seconds=SECONDS)
    assert seen.faults == {}
    assert seen.inputs > 20
    assert seen.accepted > 0, "not one is good"
    assert len(seen.reasons) > 10, "they are all refused for the same"


def test_pieces_in_any_order_do_nothing_else() -> None:
    """As hypothesis puts them together."""
    seen = pieces(20261124, SECONDS / 2, INPUTS)
    assert seen.faults == {}
    assert seen.inputs > 20


def test_texts_that_go_new_ways_do_nothing_else() -> None:
    """As atheris finds them."""
    pytest.importorskip("atheris", reason="atheris has no build for this Python")
    seen = guided.child(int(SECONDS), 20261124, INPUTS)
    assert seen["exit"] == 0, seen["last words"]
    assert seen["texts"] > 20


def test_planted_faults_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is off, a repair that trips, a fault that is not told."""
    with monkeypatch.context() as planted:
        planted.setattr(Source, "line", lambda *_: 1)
        assert any("another line" in fault for fault in run(20, seed=1).faults.values())
    with monkeypatch.context() as planted:
        planted.setattr(repair_text, "_unterminated_string", lambda *_, **__: 1 / 0)
        assert any("ZeroDivisionError" in fault for fault in run(60, seed=1).faults.values())
    with monkeypatch.context() as planted:
        planted.setattr(reading.Reading, "note", lambda *_: None)
        assert any("Unexpected" in fault for fault in run(60, seed=1).faults.values())


def test_input_is_the_same_every_time() -> None:
    """So that a fault can be looked at."""
    assert [made(number, 1) for number in range(30)] == [made(number, 1) for number in range(30)]
    assert made(3, 1) != made(3, 2)


def test_command_line_tells_what_it_saw(tmp_path: Path) -> None:
    """Size, time and seed are arguments; a text can be kept."""
    kept = tmp_path / "kept"
    call = [sys.executable, "-m", "tests.fuzz", "language", "--seed", "5"]
    for more in (["--inputs", "20", "--seconds", "30"], ["--only", "7", "--keep", str(kept)]):
        done = subprocess.run(
            [*call, *more],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "0 faults" in done.stdout
    assert kept.read_bytes().decode("utf-8", "surrogatepass") == made(7, 5)
