"""A desk with one order of its own: it is carried out, and then the driver is to stop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.situation import State
from dropship.core.watch import Progress
from dropship.deploy.desk import Answer, Desk, Order, Wanted


class Errand:
    """Sits before another desk and adds the one order; whatever is ordered there comes too.

    Attributes:
        came: What came of the order; None if the driver ended before.
    """

    def __init__(self, inner: Desk, wanted: Wanted) -> None:
        self._inner = inner
        self._order = Order(wanted)
        self._given = False
        self._resting = False
        self.came: Answer | None = None

    def attend(self) -> None:
        """As the desk behind."""
        self._inner.attend()

    def orders(self) -> Sequence[Order]:
        """What is ordered there, and the one order; a stop once that has been carried out.

        While an update that was cut off is recovered, the order waits.
        """
        orders = list(self._inner.orders())
        if self._resting and not self._given:
            self._given = True
            orders.append(self._order)
        elif self._resting and self.came is not None:
            orders.append(Order(on.Stop()))
        return orders

    def sleep(self, seconds: float | None) -> None:
        """As the desk behind; at rest there is something to do at once."""
        if not self._resting:
            self._inner.sleep(seconds)

    def show(self, state: State, next_check: float | None) -> None:
        """Note whether the update rests."""
        self._resting = state.phase is Phase.IDLE
        self._inner.show(state, next_check)

    def report(self, phase: Phase, progress: Progress) -> None:
        """As the desk behind."""
        self._inner.report(phase, progress)

    def answer(self, order: Order, answer: Answer) -> None:
        """Keep ours; others are for the desk behind."""
        if order is self._order:
            self.came = answer
        else:
            self._inner.answer(order, answer)

    def interrupting(self) -> AbstractContextManager[None]:
        """As the desk behind."""
        return self._inner.interrupting()
