"""The agent's log, read while it is written."""

from __future__ import annotations

from pathlib import Path


class AgentLog:
    """Lines without their time: they are shown as they come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def skip(self) -> None:
        """What was said until now is not news any more."""
        self.fresh()

    def fresh(self) -> list[str]:
        """The whole lines that came since the last call."""
        try:
            with self._path.open("rb") as log:
                log.seek(self._read)
                whole, newline, _ = log.read().rpartition(b"\n")
        except OSError:
            return []
        self._read += len(whole) + len(newline)
        return [_timeless(line) for line in whole.decode("utf-8", "replace").splitlines()]

    def last(self, count: int) -> list[str]:
        """The last lines, whatever was read before."""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return [_timeless(line) for line in text.splitlines()[-count:]]


def _timeless(line: str) -> str:
    moment, _, rest = line.partition(" ")
    return rest if moment.endswith("Z") and moment[:1].isdigit() else line
