"""When a worker's silence is too long. Pure: times are ``time.monotonic()`` and arguments.

A busy worker speaks at least every ten seconds, an idle one is silent until the moment it named.
Silent for the watchdog's time beyond that: it is asked where it hangs (SIGABRT), and killed five
seconds later.

One that lives but has hung up can tell nothing any more, and is killed after a few seconds: who hangs
up because he dies is gone by then. So is one that says too much, or too much that makes no sense:
what it costs to listen is not its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from dropship.agent.messages import Asleep, Busy, Statement

REPORT: Final = 10.0
GRACE: Final = 5.0
LATE: Final = 5.0
HUNG_UP_GRACE: Final = 3.0

SPAN: Final = 10.0
"""Seconds in which what a worker says is counted."""

MOST: Final = 10_000
"""Messages in such a span at most: one that works well says twenty or so."""

MOST_CRAMMED: Final = 30
"""How often in a span more may be waiting than is heard at once: many who talk at once are heard
too slowly to be told by what they said."""

MOST_NONSENSE: Final = 100
"""Messages that make no sense, in a worker's whole life."""

_STARTING: Final = Busy("starting")


class Verdict(Enum):
    """What to do about a worker."""

    FINE = "fine"
    ABORT = "abort"
    KILL = "kill"
    HUNG_UP = "it hung up"
    TALKS = "it said too much"
    RAVES = "it said too much that makes no sense"


@dataclass(frozen=True, slots=True)
class Vigil:
    """What is known of one worker's attention.

    Attributes:
        heard: When it last said something, or when clocks were started anew.
        said: What that was.
        aborted: When it was sent SIGABRT.
        killed: It was sent SIGKILL; only the kernel is to be waited for.
        hung_up: When it was found to have closed its end.
        since: When the span began in which messages are counted.
        count: How many there were in it.
        crammed: How often more was waiting than is heard at once, in that span.
        nonsense: How many made no sense, ever.
    """

    heard: float
    said: Statement = _STARTING
    aborted: float | None = None
    killed: bool = False
    hung_up: float | None = None
    since: float = 0.0
    count: int = 0
    crammed: int = 0
    nonsense: int = 0

    def hears(self, said: Statement, now: float) -> Vigil:
        """It said something."""
        return replace(self.counts(now), heard=now, said=said)

    def counts(self, now: float) -> Vigil:
        """It said something that is no sign of attention."""
        if now - self.since >= SPAN:
            return replace(self, since=now, count=1, crammed=0)
        return replace(self, count=self.count + 1)

    def finds_more(self) -> Vigil:
        """More is waiting than is heard at once."""
        return replace(self, crammed=self.crammed + 1)

    def hears_nonsense(self, now: float) -> Vigil:
        """It said what makes no sense."""
        return replace(self.counts(now), nonsense=self.nonsense + 1)

    def hangs_up(self, now: float) -> Vigil:
        """It closed its end."""
        return replace(self, hung_up=now)

    def anew(self, now: float) -> Vigil:
        """The listener itself was late: nobody is to blame for what came before."""
        return replace(self, heard=now, hung_up=None if self.hung_up is None else now)

    def deadline(self, watchdog: float) -> float | None:
        """When there will be something to do if nothing is heard; None if never."""
        if self.killed:
            return None
        if self._flood is not Verdict.FINE:
            return self.since
        # That it is silent is no wonder then.
        if self.hung_up is not None and self.aborted is None:
            return self.hung_up + HUNG_UP_GRACE
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
        if self._flood is not Verdict.FINE:
            return self._flood, replace(self, killed=True)
        if self.hung_up is not None and self.aborted is None:
            return Verdict.HUNG_UP, replace(self, killed=True)
        if self.aborted is None:
            return Verdict.ABORT, replace(self, aborted=now)
        return Verdict.KILL, replace(self, killed=True)

    @property
    def _flood(self) -> Verdict:
        if self.nonsense >= MOST_NONSENSE:
            return Verdict.RAVES
        too_much = self.count > MOST or self.crammed >= MOST_CRAMMED
        return Verdict.TALKS if too_much else Verdict.FINE


def late(planned: float, now: float) -> bool:
    """Whether a loop that meant to look at ``planned`` was itself held up (suspended, stalled)."""
    return now - planned > LATE
