"""A worker's desk: what a driver hears from the supervisor, and how it says what it does.

A SIGTERM or a ``Finish`` asks for a stop, and so does the supervisor's end. What a stop means is
the table's to decide; here it only becomes an order, and breaks out of asking a store.
"""

from __future__ import annotations

import os
import select
import selectors
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from dropship.agent import messages
from dropship.agent.channel import Channel
from dropship.agent.messages import Answered, Asleep, Busy, Finish, Statement
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Paused
from dropship.core.situation import State
from dropship.core.watch import Progress
from dropship.deploy import by_hand
from dropship.deploy.desk import Answer, GoBack, Order, RetryInFleet, Wanted
from dropship.errors import InterruptedByStop
from dropship.linux import heap

BEAT: Final = 2.0
"""Seconds between two beats: well within the ten that the supervisor wants."""

# What takes no memory worth speaking of.
_LIGHT: Final = frozenset({Phase.STARTING.value, Phase.IDLE.value, Phase.CHECKING.value})
_LIVELY: Final = 0.5
_NAP: Final = 1800.0
_WORDS: Final = 2048  # characters of what is said: escaped, twelve bytes each at most
_LAST_WORDS: Final = 2.0  # seconds for saying them


class WorkerDesk:
    """Implements ``deploy.desk.Desk`` over a channel; one per process, in its main thread.

    ``signals``: it takes SIGTERM over until it is closed.
    """

    def __init__(self, channel: Channel, *, signals: bool = True) -> None:
        self._channel = channel
        self._orders: list[Order] = []
        self._answers: list[Answered] = []
        self._busy = Busy("starting")
        self._resting: Asleep | None = None
        self._checked = 0.0
        self._said: Statement | None = None
        self._said_at = -BEAT
        self._signalled = False
        self._stopping = False
        self._armed = False
        self._alone = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._selector.register(channel, selectors.EVENT_READ)
        self._signals = signals
        if signals:
            signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
            signal.signal(signal.SIGTERM, self._on_sigterm)

    def attend(self) -> None:
        """Beat the heart, hear what was ordered."""
        self._listen()
        self._say_answers()
        if self._is_due(time.monotonic()):
            self._say(self._busy)

    def orders(self) -> Sequence[Order]:
        """What was heard and not taken yet."""
        orders, self._orders = self._orders, []
        return orders

    def give_back(self, orders: Sequence[Order]) -> None:
        """Orders that were taken, and are for whoever works at this desk next."""
        self._orders[:0] = orders

    def sleep(self, seconds: float | None) -> None:
        """Wait for an order; while nothing is under way the supervisor is told not to wait."""
        self._listen()
        if self._orders:
            return
        if self._resting is not None:
            self._say_asleep(self._resting, seconds)
        # What a full channel has refused is to be said soon; nobody tells us when there is room.
        most = _LIVELY if self._answers or self._said is None else _NAP
        self._selector.select(most if seconds is None else min(seconds, most))
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        self._listen()

    def show(self, state: State, next_check: float | None) -> None:
        """What goes on now."""
        del next_check  # it is when the sleep ends
        phase = state.phase.value
        attempt = state.attempt
        target = attempt.target if attempt else None
        turn = state.turn_at if state.turn else 0.0
        busy = Busy(phase, target.name if target else "", turn=turn)
        if self._busy.phase == Phase.CHECKING.value != phase:
            self._checked = time.time()
        if state.awaiting:
            if self._busy.phase == phase and self._resting is None:
                busy = replace(self._busy, turn=turn)
            if busy != self._busy or self._resting is not None:
                self._busy = busy
                self._say(self._busy)
            self._resting = None
            return
        if self._busy.phase not in _LIGHT:
            heap.trim()  # an update took more than the checks until the next one will
        self._busy = busy
        failed = state.saved.failed is not None
        blame = state.blame.value if state.blame else ""
        trouble = (state.trouble or "")[:_WORDS]
        self._resting = Asleep(0.0, phase, trouble, failed, self._checked, blame, turn)

    def busy(self, busy: Busy) -> None:
        """Say that something is under way that no driver does."""
        self._busy, self._resting = busy, None
        self._say(busy)

    def rest(self, resting: Asleep) -> None:
        """What to say at the next ``sleep``, where no driver does; its ``until`` is filled in."""
        self._resting = resting

    def report(self, phase: Phase, progress: Progress) -> None:
        """How far it is; what is said too often is said a little later."""
        self._busy = Busy(phase.value, self._busy.release, progress, self._busy.turn)
        if time.monotonic() - self._said_at >= _LIVELY:
            self._say(self._busy)

    def answer(self, order: Order, answer: Answer) -> None:
        """Tell whoever gave the order; without a ticket nobody waits for it."""
        if order.ticket:
            words = answer.words[:_WORDS]
            self._answers.append(Answered(order.ticket, answer.verdict, words))
            self._say_answers()

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let a stop signal break out of a blocking call."""
        self._armed = True
        try:
            # Only now, or a signal between the look and the arming would be missed.
            self._listen()
            if self._stopping:
                raise InterruptedByStop
            yield
        finally:
            self._armed = False

    def close(self) -> None:
        """Give back signals and descriptors; the channel is its owner's."""
        self._say_last_words()
        if self._signals:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _on_sigterm(self, _number: int, _frame: object) -> None:
        self._signalled = True
        if self._armed:
            self._armed = False
            raise InterruptedByStop

    def _listen(self) -> None:
        with suppress(ValueError):
            for message in self._channel.receive():
                if isinstance(message, Finish):
                    self._stop(hard=message.hard)
                elif isinstance(message, messages.Order):
                    self._orders.append(Order(_wanted(message, time.time()), message.ticket))
        if self._channel.closed and not self._alone:
            # The supervisor is gone, and so shall we be.
            self._alone = True
            self._selector.unregister(self._channel)
            self._stop(hard=False)
        if self._signalled:
            self._signalled = False
            self._stop(hard=False)

    def _stop(self, *, hard: bool) -> None:
        if hard or not self._stopping:
            self._orders.append(Order(on.Stop(at=time.time(), hard=hard)))
        self._stopping = True

    def _is_due(self, now: float) -> bool:
        """Whether it is time for a word, if only a beat."""
        said = self._said
        if said is None:
            return True
        if isinstance(said, Asleep):
            # A sleep that is cut short is told of. One that lasted as long as was said ends by
            # itself, and the next word, of a check, follows at once: one for both wakes the
            # supervisor once.
            return now < said.until or now - said.until >= BEAT
        silent = now - self._said_at
        # Progress comes with every piece that is read; it is told twice a second.
        return silent >= BEAT or (said != self._busy and silent >= _LIVELY)

    def _say_asleep(self, resting: Asleep, seconds: float | None) -> None:
        span = 2 * _NAP if seconds is None else seconds
        self._say(replace(resting, until=time.monotonic() + span))

    def _say_answers(self) -> None:
        """In their order; what a full channel refuses is said later."""
        while self._answers and self._channel.send(self._answers[0]):
            del self._answers[0]

    def _say_last_words(self) -> None:
        """A supervisor that is held up for a moment is to hear of what was done."""
        until = time.monotonic() + _LAST_WORDS
        self._say_answers()
        room = select.poll()  # select(2) knows no descriptor above 1023
        room.register(self._channel, select.POLLOUT)
        while self._answers and not self._alone and time.monotonic() < until:
            room.poll(100)
            self._listen()
            self._say_answers()

    def _say(self, statement: Statement) -> None:
        if self._channel.send(statement):
            self._said = statement
            self._said_at = time.monotonic()
        else:
            self._said = None


def _wanted(wish: messages.Order, at: float) -> Wanted:
    """What a wish means to a driver."""
    if isinstance(wish, messages.RollBack):
        return GoBack(wish.release)
    if isinstance(wish, messages.RunHooks):
        return by_hand.wanted(wish.phase, wish.number)
    if isinstance(wish, messages.Retry) and wish.fleet:
        return RetryInFleet()
    return _event(wish, at)


def _event(wish: messages.Order, at: float) -> on.Event:
    """What a wish is to the table of an update."""
    if isinstance(wish, messages.CheckNow):
        return on.CheckNow(at=at, force=wish.force)
    if isinstance(wish, messages.Pause):
        return on.Pause(at=at, paused=Paused(wish.reason, at, wish.by))
    if isinstance(wish, messages.Pin):
        return on.Pin(at=at, version=wish.version)
    return _PLAIN[type(wish)](at=at)


_PLAIN: Final[Mapping[type[messages.Order], type[on.Resume | on.Retry | on.Unpin]]] = (
    MappingProxyType(
        {messages.Resume: on.Resume, messages.Retry: on.Retry, messages.Unpin: on.Unpin}
    )
)
