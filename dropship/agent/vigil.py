"""When a worker's silence is too long. Pure: times are ``time.monotonic()`` and arguments.

A busy worker speaks at least every ten seconds, an idle one is silent until the moment it named.
Silent for the watchdog's time beyond that: it is asked where it hangs (SIGABRT), and killed five
seconds later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from dropship.agent.messages import Asleep, Busy, Statement

REPORT: Final = 10.0
GRACE: Final = 5.0
LATE: Final = 5.0

_STARTING: Final = Busy("starting")


class Verdict(Enum):
    """What to do about a worker."""

    FINE = "fine"
    ABORT = "abort"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Vigil:
    """What is known of one worker's attention.

    Attributes:
        heard: When it last said something, or when clocks were started anew.
        said: What that was.
        aborted: When it was sent SIGABRT.
        killed: It was sent SIGKILL; only the kernel is to be waited for.
    """

    heard: float
    said: Statement = _STARTING
    aborted: float | None = None
    killed: bool = False

    def hears(self, said: Statement, now: float) -> Vigil:
        """It said something."""
        return replace(self, heard=now, said=said)

    def anew(self, now: float) -> Vigil:
        """The listener itself was late: nobody is to blame for what came before."""
        return replace(self, heard=now)

    def deadline(self, watchdog: float) -> float | None:
        """When there will be something to do if nothing is heard; None if never."""
        if self.killed:
            return None
        if self.aborted is not None:
            return self.aborted + GRACE
        if isinstance(self.said, Asleep):
            return max(self.said.until, self.heard) + watchdog
        return self.heard + REPORT + watchdog

    def judge(self, now: float, watchdog: float) -> tuple[Verdict, Vigil]:
        """What to do now, and what is known once it is done."""
        deadline = self.deadline(watchdog)
        if deadline is None or now < deadline:
            return Verdict.FINE, self
        if self.aborted is None:
            return Verdict.ABORT, replace(self, aborted=now)
        return Verdict.KILL, replace(self, killed=True)


def late(planned: float, now: float) -> bool:
    """Whether a loop that meant to look at ``planned`` was itself held up (suspended, stalled)."""
    return now - planned > LATE
