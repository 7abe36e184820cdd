"""Where a driver hears orders and says what it does: the port between it and whoever runs it.

In the agent it is a worker's channel to the supervisor, on the command line the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dropship.core.events import Event
from dropship.core.phase import Phase
from dropship.core.situation import State
from dropship.core.watch import Progress


@dataclass(frozen=True, slots=True)
class Order:
    """Something an operator wants: an event for the table. ``ticket`` finds its sender again."""

    event: Event
    ticket: int = 0


class Desk(Protocol):
    """Orders in, situation out. Nothing here blocks but ``sleep``."""

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

    def answer(self, order: Order, refused: str | None) -> None:
        """An order was taken, or why not."""

    def interrupting(self) -> AbstractContextManager[None]:
        """Within it a stop may break out of a blocking call by ``InterruptedByStop``."""
