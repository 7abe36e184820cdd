"""Random archives do nothing but become trees or be refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dropship.core.links import Links
from dropship.install import tree
from tests.fuzz.run import made, run

pytestmark = pytest.mark.endurance

SECONDS = 60.0


def test_no_random_archive_does_anything_else(pytestconfig: pytest.Config) -> None:
    """No crash, no hang, nothing outside, nothing special; a machine that is slow tries fewer."""
    seen = run(pytestconfig.getoption("--inputs"), seed=20261123, seconds=SECONDS)
    assert seen.faults == {}
    assert seen.inputs > 1000
    assert seen.accepted > seen.inputs // 20, "hardly one is nearly good"
    assert len(seen.reasons) > 60, "they are all refused for the same"


def test_input_is_the_same_every_time() -> None:
    """So that a fault can be looked at."""
    assert [made(number, 1)[:2] for number in range(99)] == [
        made(number, 1)[:2] for number in range(99)
    ]
    assert made(3, 1)[1] != made(3, 2)[1]


def test_planted_faults_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that looks at no links, a writer that trips, one that takes over any mode."""
    with monkeypatch.context() as planted:
        planted.setattr(Links, "check", lambda *_: None)
        planted.setattr(Links, "follow", lambda *_: None)
        assert any("leads to" in fault for fault in run(1500, seed=1).faults.values())
    with monkeypatch.context() as planted:
        planted.setattr(tree, "_reads", lambda *_: 1 / 0)
        assert any("ZeroDivisionError" in fault for fault in run(500, seed=1).faults.values())
    with monkeypatch.context() as planted:
        planted.setattr("dropship.core.judge._PERMISSIONS", 0o7777)
        assert any("has the mode" in fault for fault in run(500, seed=1).faults.values())


def test_command_line_tells_what_it_saw() -> None:
    """Size and seed are arguments."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--inputs", "50", "--seed", "5"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 inputs in" in done.stdout
    assert "0 faults" in done.stdout
