"""The agent's log, read while it is written."""

from __future__ import annotations

from pathlib import Path

from dropship.demo.agent_log import AgentLog


def test_lines_come_once_whole_and_without_their_time(tmp_path: Path) -> None:
    """A line that is being written comes when it is written."""
    path = tmp_path / "log"
    log = AgentLog(path)
    assert log.fresh() == []
    assert log.last(3) == []
    path.write_text("2026-11-24T10:32:10Z INFO one\nTraceback of somebody\n2026-11-24T10:32:11Z IN")
    assert log.fresh() == ["INFO one", "Traceback of somebody"]
    assert log.fresh() == []
    with path.open("a") as more:
        more.write("FO two\n")
    assert log.fresh() == ["INFO two"]
    assert log.last(2) == ["Traceback of somebody", "INFO two"]
