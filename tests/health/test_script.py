"""A health check by a command: how it is told."""

from __future__ import annotations

import pytest

from dropship.errors import HealthError
from dropship.health.script import ScriptHealth, ScriptHealthOptions
from tests.exec.runs import Runner

LONG = """
  set -e
  # as people write them
  for port in 8001 8002 8003; do
    curl -fsS "http://127.0.0.1:$port/healthz"
  done
"""


def described(command: str) -> str:
    """A check in errors."""
    return ScriptHealth(ScriptHealthOptions(command=command)).describe()


def test_command_is_told_in_one_line_and_a_long_one_by_its_beginning() -> None:
    """It stands in front of what went wrong, in tables, in chats and in mails."""
    assert described("test -e /srv/api") == "script test -e /srv/api"
    assert described("true\n") == "script true"
    assert described("x" * 72) == f"script {'x' * 72}"
    told = "script set -e # as people write them for port in 8001 8002 8003; do curl -fsS…"
    assert described(LONG) == told


def test_time_that_was_left_for_a_look_is_told_without_its_nanoseconds() -> None:
    """They are noise where somebody reads in a hurry."""
    check = ScriptHealth(ScriptHealthOptions(command="sleep 100"))
    with pytest.raises(HealthError, match=r"took longer than 120ms and was ended$"):
        check.probe(Runner(timeout=0.119846973).run())
