"""Drives one service: performs the table's commands, feeds back what came of them.

The table decides; the driver does. It is one thread: a long command is handed a watch that lets
orders in while it runs, and an order that calls it off breaks out of it by ``InterruptedByStop``.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from dropship.core import commands as do
from dropship.core import events as on
from dropship.core import schedule
from dropship.core.phase import Phase
from dropship.core.saved import Outcome
from dropship.core.situation import State
from dropship.core.update import step
from dropship.deploy import by_hand, descriptors, marks, orders, words
from dropship.deploy.attention import Attention
from dropship.deploy.beginning import KINDS, Beginning
from dropship.deploy.chores import Chores
from dropship.deploy.complaints import Complaints
from dropship.deploy.desk import Answer, ByHand, Desk, RetryInFleet, Verdict
from dropship.deploy.hooks import Listener
from dropship.deploy.orders import Orders
from dropship.deploy.output import Output
from dropship.deploy.perform import Performer
from dropship.deploy.rig import Rig
from dropship.deploy.turn import Turn
from dropship.deploy.worry import Worry
from dropship.errors import DropshipError, InterruptedByStop, LeaseLostError, LockError, StateError
from dropship.log import Telling, hide

_RETRY_AT_MOST: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Timer:
    """The one timer: when (monotonic seconds), and what it gives."""

    due: float
    event: type[on.Due | on.HoldOver | on.RetryDue]


class Driver:
    """One service, from ``run()`` to an ``Exit``.

    ``in_place`` tells whether the service's lock, held by whoever runs the driver, still counts.

    Attributes:
        state: Where the update is.
    """

    def __init__(
        self,
        rig: Rig,
        desk: Desk,
        log: logging.LoggerAdapter[logging.Logger],
        *,
        in_place: Callable[[], bool],
    ) -> None:
        self.state = State(rig.facts)
        self._refused = False
        self._outcome: Outcome | None = None
        self._by_hand = self._took_back = False
        self._rig = rig
        self._desk = desk
        self._log = Telling(log, lambda: words.fields(self.state))
        self._turn = Turn(rig)
        self._watch = Attention(
            desk, self._let_in, lambda: self.state.phase, lambda: self._turn.trouble
        )
        self._worry = Worry(self._turn, self._watch, self._log)
        self._listener = Listener(self._hook_line, self._passed)
        self._performer = Performer(rig, self._turn, desk, self._watch, self._listener)
        self._chores = Chores(rig, self._turn, self._performer, self._watch, self._log)
        self._timer: _Timer | None = None
        self._in_place = in_place
        self._exit: int | None = None
        self._told: LeaseLostError | None = None
        self._orders = Orders(desk, rig.layout)
        self._pending: tuple[do.Command, ...] | None = None
        self._output = Output()
        self._complaints = Complaints(self._log)
        self._beginning = Beginning(rig, self._watch, self._log, self._hook_line)

    # --- the loop -------------------------------------------------------------------------------

    def run(self) -> int:
        """Drive until told to stop.

        Returns:
            0, or 1 where an update was left in the middle for the next start to recover.

        Raises:
            StateError: State or journal cannot be read, the service's lock is gone, or this process
                can open no more files.
        """
        try:
            started = self._beginning.started()
        except InterruptedByStop:  # while a leftover hook was waited for
            self._orders.refuse_rest()
            return 1
        self._feed(started)
        if self.state.phase is Phase.STARTING:
            raise StateError(
                f"the journal in {self._rig.store.folder} tells of nothing that can be recovered",
                cure="look at the destination, then remove journal.json",
            )
        while self._exit is None:
            self._turn_once()
        self._answer()
        self._orders.refuse_rest()
        return self._exit

    def _turn_once(self) -> None:
        """One turn of the loop: orders, the lease, the timer; else sleep."""
        self._desk.attend()
        self._heed()
        self._keep_turn()
        if self._exit is None and not self._ring():
            # Whatever has leaked them: only a new process gets them back.
            descriptors.see_room()
            self._desk.sleep(self._left())

    def _keep_turn(self) -> None:
        """Renew the lease, and tell the table once when it is lost."""
        if not self.state.turn:
            return
        self._turn.keep()
        self._worry.look(working=bool(self.state.awaiting))
        lost = self._turn.lost
        if lost is not None and lost is not self._told:
            self._told = lost
            self._log.error("the turn is lost: %s", lost)
            self._perform(self._step(on.TurnLost(error=str(lost))))

    def _heed(self) -> None:
        while self._exit is None and (order := self._orders.next(self.state)):
            event = self._orders.admit(order, self.state, new_id())
            if isinstance(event, ByHand):
                self._desk.answer(order, self._run_by_hand(event))
            elif isinstance(event, RetryInFleet):
                self._desk.answer(order, self._retry_in_fleet())
            elif event is not None:
                self._feed(event)
            self._answer()

    def _run_by_hand(self, wanted: ByHand) -> Answer:
        """Hooks outside of any update; what they say is in no history."""
        self._log.info("running %s hooks by hand", wanted.kind)
        attempt = by_hand.attempt(wanted, self.state.saved, new_id())
        try:
            with self._desk.interrupting():
                came = by_hand.run(self._rig, wanted, attempt, self._watch, self._listener)
        except InterruptedByStop:
            came = Answer(Verdict.FAILED, "interrupted")
        self._output.taken()
        level = logging.INFO if came.verdict is Verdict.GOOD else logging.WARNING
        self._log.log(level, "%s", came.words)
        return came

    def _retry_in_fleet(self) -> Answer:
        """The fleet first: if it cannot be asked, nothing has changed here either."""
        try:
            with self._desk.interrupting():
                said = marks.lift(self._rig, self.state.saved, self._watch.look)
        except LockError as error:
            return Answer(Verdict.FAILED, str(error))
        except InterruptedByStop:
            return Answer(Verdict.FAILED, "interrupted")
        self._log.info("%s", said)
        self._feed(on.Retry())
        came = orders.noted_down(on.Retry(), self.state)
        return replace(came, words=f"{came.words}; {said}")

    def _answer(self) -> None:
        """Answer the orders that something has come of."""
        self._orders.settle_noted(self.state)
        came = words.UNFINISHED
        if not self._exit:
            came = words.came_of(
                self.state,
                self._outcome,
                refused=self._refused,
                by_hand=self._by_hand,
                took_back=self._took_back,
            )
        self._orders.settle(self.state, came)

    def _ring(self) -> bool:
        """Let the timer's event happen, if it is time."""
        timer = self._timer
        if timer is None or timer.due > time.monotonic():
            return False
        self._timer = None
        event = timer.event(at=time.time())
        self._feed(replace(event, update_id=new_id()) if isinstance(event, on.Due) else event)
        self._answer()
        return True

    def _left(self) -> float | None:
        """Seconds to sleep at most; None for ever."""
        if self._timer is None:
            return None
        left = max(0.0, self._timer.due - time.monotonic())
        return min(left, 1.0) if self.state.turn else left

    def _feed(self, event: on.Event) -> None:
        """An event, and every event that its commands give."""
        happened: on.Event | None = event
        while happened is not None and self._exit is None:
            happened = self._perform(self._step(happened))

    def _step(self, event: on.Event) -> tuple[do.Command, ...]:
        event = words.discreet(event if event.at else replace(event, at=time.time()))
        before = self.state
        self.state, commands = step(before, event)
        attempt = self.state.attempt
        if attempt is not None and (before.attempt is None or before.attempt.id != attempt.id):
            self._refused, self._outcome = False, None
            self._by_hand, self._took_back = attempt.by_hand, False
        elif attempt is not None and attempt.by_hand and not self._by_hand:
            self._took_back = True  # it began as a check
        # The desk first: what it shows of a phase must be gone before the log goes on.
        if self.state != before:
            self._desk.show(self.state, self._next_check())
        kind = None if self.state.phase is Phase.ACTIVATING else KINDS.get(self.state.phase)
        empty = kind is not None and not self._rig.hooks[kind]
        words.log_step(self._log, before, self.state, event, empty=empty)
        self._complaints.heed(event)
        return commands

    def _perform(self, commands: tuple[do.Command, ...]) -> on.Event | None:
        """Perform a step's commands; the event of the long one, or ``SaveFailed``."""
        for command in commands:
            if isinstance(command, do.Long):
                return self._perform_long(command)
            try:
                self._perform_short(command)
            except StateError as error:
                self._log.error("%s", error)
                out = commands[-1]
                number = out.id if isinstance(out, do.Long) else 0
                return on.SaveFailed(error=str(error), id=number, at=time.time())
        return None

    def _perform_long(self, command: do.Long) -> on.Event | None:
        if isinstance(command, do.Ask) and not self._in_place():
            raise StateError(
                f"the lock {self._rig.layout.lock} was deleted: somebody else may drive the service",
                cure="nothing; it is locked anew at the next start",
            )
        try:
            event = self._performer.perform(command, self.state)
        except InterruptedByStop:
            return self._called_off(command)
        self._keep_turn()  # a worker that was held up may not have looked for long
        return event

    def _called_off(self, command: do.Long) -> on.Event | None:
        """An order called the command off; what the table wants done instead follows."""
        pending, self._pending = self._pending, None
        if pending is not None:
            following = self._perform(pending)
            self._orders.settle_noted(self.state)
            return following
        # A stop that broke out of a blocking call: it has been heard, and is heeded by the loop.
        self._desk.attend()
        self._heed()
        if self._exit is None and self.state.awaiting == command.id:
            return on.StoreFailed(error="interrupted", id=command.id, at=time.time())
        return None

    def _let_in(self) -> None:
        """Orders that come while a long command runs; the watch calls this.

        Raises:
            InterruptedByStop: One of them calls the command off.
        """
        self._desk.attend()
        self._keep_turn()
        if not self.state.awaiting and self.state.phase is not Phase.STARTING:
            return  # a short command looks around; orders wait for the loop
        while order := self._orders.next(self.state):
            event = self._orders.admit(order, self.state, new_id())
            assert not isinstance(event, (ByHand, RetryInFleet))  # noqa: S101 - refused while a command is out
            commands = self._step(event) if event is not None else ()
            if any(isinstance(one, do.Cancel) for one in commands):
                self._pending = commands
                raise InterruptedByStop
            self._perform(commands)
            self._orders.settle_noted(self.state)

    # --- short commands -------------------------------------------------------------------------

    def _perform_short(self, command: do.Command) -> None:
        """Best effort, but for ``Save`` and a required journal.

        Raises:
            StateError: One of those two could not be written.
        """
        try:
            own = self._OWN.get(type(command))
            if own is not None:
                own(self, command)
            else:
                self._chores.perform(self._complete(command), self.state)
        except StateError as error:
            if isinstance(command, do.Save):
                # What stands on disk is not what was to stand there: the next one is not left out.
                self.state = replace(self.state, disk=None)
                raise
            if _required(command):
                raise
            self._log.error("%s", error)
        except (OSError, DropshipError) as error:
            self._log.warning("%s", error)

    def _complete(self, command: do.Command) -> do.Command:
        """A line of history with what the hooks said."""
        if not isinstance(command, do.Record):
            return command
        entry = command.entry
        self._outcome = entry.outcome
        error = hide(entry.error) if entry.error else None
        return do.Record(replace(entry, error=error, output=hide(self._output.taken())))

    def _arm_check(self, command: do.ArmCheck) -> None:
        service, chance = self._rig.service, random.random()  # noqa: S311 - spreads load, hides nothing
        if command.pace is do.Pace.NOW:
            delay = 0.0
        elif command.pace is do.Pace.INTERVAL:
            delay = schedule.next_check(service.check_interval, service.splay, chance)
        else:
            delay = schedule.backoff(
                service.check_interval, command.failures, chance, command.at_least
            )
        self._arm(delay, on.Due)

    def _arm_hold(self, _command: do.ArmHold) -> None:
        self._arm(self._rig.service.update_ttl.seconds, on.HoldOver)

    def _arm_retry(self, command: do.ArmRetry) -> None:
        self._arm(min(_RETRY_AT_MOST, 2.0 ** (command.tries - 1)), on.RetryDue)

    def _arm(self, delay: float, event: type[on.Due | on.HoldOver | on.RetryDue]) -> None:
        self._timer = _Timer(time.monotonic() + delay, event)
        self._desk.show(self.state, self._next_check())

    def _refuse(self, command: do.Refuse) -> None:
        self._refused = True
        self._complaints.say(f"not updated: {command.why}")

    def _cancel(self, _command: do.Cancel) -> None:
        """What was called off has ended by the time its successors are performed."""

    def _leave(self, command: do.Exit) -> None:
        self._exit = command.code
        journal = self._rig.store.journal_read() if command.code else None
        if journal is not None:
            # An end that was asked for is no death: the next start counts as if it had not been.
            self._rig.store.journal_write(replace(journal, deaths=journal.deaths - 1))

    # --- telling --------------------------------------------------------------------------------

    def _next_check(self) -> float | None:
        if self._timer is None or self._timer.event is not on.Due:
            return None
        return time.time() + max(0.0, self._timer.due - time.monotonic())

    def _hook_line(self, line: str) -> None:
        self._log.info("| %s", line)
        self._output.add(line)

    def _passed(self, text: str) -> None:
        self._log.warning("%s", text)

    _OWN: Final[dict[type[do.Command], Callable[..., None]]] = {
        do.ArmCheck: _arm_check,
        do.ArmHold: _arm_hold,
        do.ArmRetry: _arm_retry,
        do.Refuse: _refuse,
        do.Cancel: _cancel,
        do.Exit: _leave,
    }


def new_id() -> str:
    """A name for an update that no other has."""
    return uuid.uuid4().hex[:16]


def _required(command: do.Command) -> bool:
    return isinstance(command, do.WriteJournal) and command.required
