"""How an agent ends: asked, then pressed, then killed. Pure; times are ``time.monotonic()``.

The first signal asks every worker to finish. A second one, or the end of ``stopTimeout``, presses
them: hooks are ended, journals stay. A third, or the end of the grace for that, kills.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

GRACE: Final = 15.0
"""Seconds that a pressed worker has: a hook's group gets TERM, and KILL ten seconds later."""


class Force(IntEnum):
    """How hard."""

    NONE = 0
    ASKED = 1
    PRESSED = 2
    KILLED = 3


@dataclass(frozen=True, slots=True)
class Stopping:
    """Where the end of the agent is. ``since``: when this force was reached."""

    force: Force = Force.NONE
    since: float = 0.0

    @property
    def under_way(self) -> bool:
        """The agent is ending."""
        return self.force is not Force.NONE

    def harder(self, now: float, times: int = 1) -> Stopping:
        """A stop was asked for, so many times."""
        force = Force(min(self.force + times, Force.KILLED))
        return self if force is self.force else Stopping(force, now)

    def deadline(self, stop_timeout: float) -> float | None:
        """When it becomes harder by itself; None if it does not."""
        patience = {Force.ASKED: stop_timeout, Force.PRESSED: GRACE}.get(self.force)
        return None if patience is None else self.since + patience

    def at(self, now: float, stop_timeout: float) -> Stopping:
        """How hard it is by ``now``."""
        deadline = self.deadline(stop_timeout)
        return self if deadline is None or now < deadline else self.harder(now)
