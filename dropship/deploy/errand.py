"""A desk with one order of its own: check and update now, then stop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.situation import State
from dropship.core.watch import Progress
from dropship.deploy.desk import Desk, Order
from dropship.deploy.driver import Driver, new_id

GOOD = 0
FAILED = 1
REFUSED = 4


class Errand:
    """Sits before another desk and adds the one order; whatever is ordered there comes too.

    Attributes:
        done: The order was carried out.
    """

    def __init__(self, inner: Desk, *, force: bool = False) -> None:
        self._inner = inner
        self._check: on.Event | None = on.CheckNow(update_id=new_id(), force=force)
        self._resting = False
        self.done = False

    def attend(self) -> None:
        """As the desk behind."""
        self._inner.attend()

    def orders(self) -> Sequence[Order]:
        """What is ordered there, and the one order; a stop once that has been carried out.

        While an update that was cut off is recovered, the order waits.
        """
        orders = list(self._inner.orders())
        if not self._resting:
            return orders
        if self._check is None:
            self.done = True
            orders.append(Order(on.Stop()))
        else:
            orders.append(Order(self._check))
            self._check = None
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

    def answer(self, order: Order, refused: str | None) -> None:
        """As the desk behind."""
        self._inner.answer(order, refused)

    def interrupting(self) -> AbstractContextManager[None]:
        """As the desk behind."""
        return self._inner.interrupting()


def outcome(driver: Driver) -> int:
    """What an errand came to: 0 all well, 1 failed, 4 refused (paused, quarantined, put off)."""
    if driver.state.trouble is None:
        return GOOD
    put_off = driver.outcome == "postponed"
    return REFUSED if driver.refusals or put_off else FAILED
