"""Where a driver hears orders and says what it does: the port between it and whoever runs it.

In the agent it is a worker's channel to the supervisor, on the command line the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from dropship.core.commands import HookKind
from dropship.core.events import Event
from dropship.core.phase import Phase
from dropship.core.situation import State
from dropship.core.watch import Progress


class Verdict(Enum):
    """How an order ended; the value is its exit code."""

    GOOD = 0
    FAILED = 1
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class GoBack:
    """Make a release current again, by name as an operator gives it; empty: the previous one."""

    release: str = ""


@dataclass(frozen=True, slots=True)
class ByHand:
    """Run hooks outside of any update: the ``number``-th of a kind, counted from 1; 0: all."""

    kind: HookKind
    number: int = 0


@dataclass(frozen=True, slots=True)
class RetryInFleet:
    """Lift the quarantine here, and have the fleet forget what it has against the artifact."""


Wanted: TypeAlias = Event | GoBack | ByHand | RetryInFleet


@dataclass(frozen=True, slots=True)
class Order:
    """Something an operator wants. ``ticket`` finds its sender again."""

    event: Wanted
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an order, in a sentence fragment such as ``updated to …``."""

    verdict: Verdict
    words: str


class Desk(Protocol):
    """Orders in, situation and answers out. Nothing here blocks but ``sleep``."""

    def attend(self) -> None:
        """Beat the heart and hear what has been ordered; called at least once a second."""

    def orders(self) -> Sequence[Order]:
        """What was heard and not taken yet; taken by this call."""

    def sleep(self, seconds: float | None) -> None:
        """Wait for an order, at most so long (None: for ever), with nothing under way."""

    def show(self, state: State, next_check: float | None) -> None:
        """The situation has changed. ``next_check``: seconds since the epoch."""

    def report(self, phase: Phase, progress: Progress) -> None:
        """How far the phase is; may come often."""

    def answer(self, order: Order, answer: Answer) -> None:
        """What came of an order, once for each that is no stop, unless the driver ends before."""

    def interrupting(self) -> AbstractContextManager[None]:
        """Within it a stop may break out of a blocking call by ``InterruptedByStop``."""
