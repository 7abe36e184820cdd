"""A desk that gives orders at the moments a test names, and a driver to sit before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dropship import log
from dropship.config.load import load
from dropship.config.model import Config
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.situation import State
from dropship.core.watch import Progress
from dropship.deploy.desk import Answer, Order, Wanted
from dropship.deploy.driver import Driver
from dropship.deploy.rig import Rig, Workshop

Moment = Callable[["Desk"], Sequence[Wanted]]


class Desk:
    """Implements ``deploy.desk.Desk``: asks ``moment`` for orders whenever it is attended to.

    Begins with the orders ``first``. Without more it stops a driver that rests, so that ``run``
    returns.

    Attributes:
        state: As last shown.
        phases: As shown, one after the other.
        answers: What came of each order.
    """

    def __init__(
        self, moment: Moment | None = None, first: Sequence[Wanted] = (on.CheckNow(),)
    ) -> None:
        self.state: State | None = None
        self.phases: list[Phase] = []
        self.answers: list[tuple[Wanted, Answer]] = []
        self._moment = moment
        self._orders: list[Order] = [Order(one) for one in first]

    def attend(self) -> None:
        """Ask the test."""
        if self._moment is not None:
            self._orders += [Order(event) for event in self._moment(self)]

    def orders(self) -> Sequence[Order]:
        """What was ordered."""
        orders, self._orders = self._orders, []
        return orders

    def sleep(self, seconds: float | None) -> None:
        """No time passes; at rest there is nothing more to do."""
        del seconds
        if self.state is not None and self.state.phase is Phase.IDLE:
            self._orders.append(Order(on.Stop()))

    def show(self, state: State, next_check: float | None) -> None:
        """Note it."""
        del next_check
        if not self.phases or self.phases[-1] is not state.phase:
            self.phases.append(state.phase)
        self.state = state

    def report(self, phase: Phase, progress: Progress) -> None:
        """Nobody looks at bars here."""

    def answer(self, order: Order, answer: Answer) -> None:
        """Note it."""
        self.answers.append((order.event, answer))

    @contextmanager
    def _whole(self) -> Iterator[None]:
        yield

    def interrupting(self) -> AbstractContextManager[None]:
        """Nobody sends signals here."""
        return self._whole()


def configuration(path: Path) -> Config:
    """The configuration in a file, which must be good."""
    loaded = load(path, environ={}, cwd=path.parent, euid=0)
    assert loaded.config is not None, loaded.diagnostics
    return loaded.config


def rig(path: Path, service: str = "app") -> Rig:
    """Everything to drive a service of a configuration."""
    config = configuration(path)
    found = next(one for one in config.services if one.name == service)
    made = Workshop(config, {"PATH": "/usr/bin:/bin"}).rig(found)
    made.layout.root.mkdir(parents=True, exist_ok=True)
    return made


def drive(made: Rig, desk: Desk) -> Driver:
    """Drive until it rests and has stopped."""
    driver = Driver(made, desk, log.bound(made.service.name), in_place=lambda: True)
    driver.run()
    return driver
