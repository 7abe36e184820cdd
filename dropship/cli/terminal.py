"""A desk at the terminal: shows progress on standard error, and takes Ctrl-C for a stop.

A terminal that goes away (a dropped connection) is a stop, too: an update that has touched the
service is finished first, as it is for everybody.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

from dropship.cli.bar import downloading
from dropship.cli.output import say, settle
from dropship.cli.rows import Rows, row
from dropship.cli.view import drawable
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.situation import State
from dropship.core.update import TOUCHED
from dropship.core.watch import Progress
from dropship.deploy.desk import Answer, Order
from dropship.errors import InterruptedByStop

_STOPS: Final = (signal.SIGINT, signal.SIGTERM)
# Python itself ignores two, and gives programs the default back. With a handler for the others a
# job in the background would be asked for ever to stop before it writes to its terminal.
_LEFT_ALONE: Final = frozenset({signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTIN, signal.SIGTTOU})
_SIGNALS: Final = (*_STOPS, signal.SIGHUP)


class TerminalDesk:
    """What an operator at a terminal sees of an update, and can do to it.

    The first Ctrl-C (or SIGTERM) stops at the next safe point, the second at once. A SIGHUP never
    is more than the first: the kernel, a shell and a session manager may each send one.

    Attributes:
        stopped_by: The signal that asked for a stop; None if none did.
    """

    def __init__(self, bar: Bar | None) -> None:
        self.stopped_by: int | None = None
        self._bar = bar
        self._asked: list[bool] = []
        self._meant = False
        self._armed = False
        self._told = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def attend(self) -> None:
        """Signals are heard as they come."""

    def orders(self) -> Sequence[Order]:
        """The stops that were asked for."""
        asked, self._asked = self._asked, []
        return [Order(on.Stop(hard=hard)) for hard in asked]

    def sleep(self, seconds: float | None) -> None:
        """Until a signal comes, or time is over."""
        if not self._asked:
            select.select([self._wake_read], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def show(self, state: State, next_check: float | None) -> None:
        """A bar belongs to one phase."""
        del next_check  # nobody waits for it here
        if self._bar is not None and state.phase is not Phase.STAGING:
            self._bar.end()
        if state.stopping and state.phase in TOUCHED and not self._told:
            self._told = True
            say("finishing the update first; Ctrl-C again leaves it to the next start", sys.stderr)

    def report(self, phase: Phase, progress: Progress) -> None:
        """Move the bar."""
        if self._bar is not None and phase is Phase.STAGING:
            self._bar.move(progress)

    def answer(self, order: Order, answer: Answer) -> None:
        """A stop is the only order from here, and asks for no answer."""

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let a signal break out of asking the store."""
        self._armed = True
        try:
            if self._asked:
                raise InterruptedByStop
            yield
        finally:
            self._armed = False

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """A signal: stop, and stop hard the second time that somebody means it."""
        meant = number != signal.SIGHUP
        self._asked.append(meant and self._meant)
        self._meant |= meant
        self.stopped_by = number
        with suppress(BlockingIOError):
            os.write(self._wake_write, b"!")
        if self._armed:
            self._armed = False
            raise InterruptedByStop

    def close(self) -> None:
        """Give back the descriptors, and take the bar away."""
        if self._bar is not None:
            self._bar.end()
        os.close(self._wake_read)
        os.close(self._wake_write)


class Bar:
    """A progress bar on standard error."""

    def __init__(self) -> None:
        self._rows = Rows()

    def move(self, progress: Progress) -> None:
        """Show so much."""
        self._rows.show(lambda view: [row(downloading(progress.done, progress.total, view), view)])

    def end(self) -> None:
        """Take the bar away."""
        self._rows.end()


def lively() -> bool:
    """Whether standard error is a terminal that wants something to look at."""
    return sys.stderr.isatty() and drawable(os.environ)


@contextmanager
def terminal() -> Iterator[TerminalDesk]:
    """A desk that hears SIGINT, SIGTERM and SIGHUP while it stands.

    What whoever started us wants ignored or blocked stays so for us, but not for the hooks: a
    daemon that they start would never hear it. And with SIGCHLD ignored nobody is told how a hook
    ended.
    """
    desk = TerminalDesk(Bar() if lively() else None)
    before: dict[int, Any] = {one: signal.signal(one, _pass_over) for one in _ignored()}
    before |= {one: signal.signal(one, desk.on_signal) for one in _SIGNALS if one not in before}
    mask = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        yield desk
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
        desk.close()
        settle()


def _ignored() -> list[int]:
    """Of the signals, those that are ignored. Under nohup a hang-up is no stop; Ctrl-C always is."""
    others = signal.valid_signals() - {*_STOPS, *_LEFT_ALONE}
    return [one for one in others if signal.getsignal(one) is signal.SIG_IGN]


def _pass_over(_number: int, _frame: FrameType | None) -> None:
    """A handler is not inherited by what we start; to ignore is."""
