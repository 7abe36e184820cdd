"""What the supervisor lets the world know: a record for who asks, a status line for the service manager.

The status line follows changes of who runs at once, the rest at most twice a second.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Final

from dropship.agent.record import AgentRecord
from dropship.agent.seat import Clocks, Seat
from dropship.linux.notify import Notifier

_PAUSE: Final = 0.5


class Board:
    """Tells.

    Attributes:
        config_error: Why the last reload was refused.
        due: When there will be something to tell (``time.monotonic()``); None if there is not.
    """

    def __init__(self, since: float, version: str, notifier: Notifier) -> None:
        self.config_error: str | None = None
        self.due: float | None = None
        self._since = since
        self._version = version
        self._notifier = notifier
        self._told_at = 0.0
        self._status = ""

    def record(self, seats: Collection[Seat], now: Clocks, *, stopping: bool) -> AgentRecord:
        """All that is known now."""
        return AgentRecord(
            pid=os.getpid(),
            since=self._since,
            version=self._version,
            stopping=stopping,
            config_error=self.config_error,
            workers=tuple(seat.record(now) for seat in seats),
        )

    def changed(self, *, urgent: bool = False) -> None:
        """There is something new."""
        at_earliest = 0.0 if urgent else self._told_at + _PAUSE
        self.due = at_earliest if self.due is None else min(self.due, at_earliest)

    def ready(self, seats: Collection[Seat]) -> None:
        """All workers are forked, or a reload is over."""
        self._status = status(seats)
        self._notifier.ready(self._status)

    def tell(self, seats: Collection[Seat], now: Clocks, *, stopping: bool) -> None:
        """Tell what has changed, if it is time."""
        if self.due is None or now.steady < self.due:
            return
        self.due, self._told_at = None, now.steady
        words = status(seats)
        if words != self._status and not stopping:
            self._status = words
            self._notifier.status(words)


def status(seats: Collection[Seat]) -> str:
    """``12 services, 1 updating (api 63%), 1 failed``."""
    updating = [seat for seat in seats if seat.updating]
    failed = sum(seat.failed for seat in seats)
    crashed = sum(seat.crashed for seat in seats)
    fresh = sum(seat.fresh for seat in seats)
    parts = [f"{len(seats)} service{'' if len(seats) == 1 else 's'}"]
    if fresh:
        parts.append(f"{fresh} still to start")
    if updating:
        parts.append(f"{len(updating)} updating ({', '.join(map(_progress, updating[:3]))})")
    if failed:
        parts.append(f"{failed} failed")
    if crashed:
        parts.append(f"{crashed} crashed")
    return ", ".join(parts)


def _progress(seat: Seat) -> str:
    progress = seat.progress
    if progress is None or not progress.total:
        return seat.name
    return f"{seat.name} {100 * progress.done // progress.total}%"
