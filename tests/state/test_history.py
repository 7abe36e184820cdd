"""The bounded file of past updates."""

from __future__ import annotations

from pathlib import Path

from dropship.core.saved import HistoryEntry
from dropship.state.history import History


def entry(number: int) -> HistoryEntry:
    """One past update."""
    return HistoryEntry(f"u{number}", float(number), number + 1.0, "updated")


def test_oldest_entries_are_given_up(tmp_path: Path) -> None:
    """Never fewer than ``keep`` of the newest, never more than ``keep`` and the slack."""
    history = History(tmp_path / "history.jsonl", HistoryEntry, keep=10, slack=5)
    for number in range(100):
        history.append(entry(number))
        found = [one.id for one in history.newest()]
        assert min(number + 1, 10) <= len(found) < 15
        assert found == [f"u{n}" for n in range(number, number - len(found), -1)]
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]


def test_history_is_not_for_everybody(tmp_path: Path) -> None:
    """Output of hooks is in it."""
    history = History(tmp_path / "history.jsonl", HistoryEntry, keep=1, slack=1)
    for number in range(3):
        history.append(entry(number))
        assert history.path.stat().st_mode & 0o007 == 0
