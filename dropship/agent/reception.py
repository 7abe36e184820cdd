"""Where callers of the control socket are received: questions go to a clerk, orders to workers.

An order is for one service or several. Each worker it concerns is told under a ticket of its own,
as soon as there is one; the caller hears the news of those services, and what came of it when the
last one has answered. A caller that hangs up takes nothing back.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final

from dropship.agent import answers, clerk, messages, questions
from dropship.agent.answers import OutcomeAnswer
from dropship.agent.control import Caller, Control
from dropship.agent.crew import Crew
from dropship.agent.fork import fork
from dropship.agent.protocol import DONE, Failure, News, Request, Result
from dropship.agent.record import AgentRecord
from dropship.agent.seat import Clocks, Seat
from dropship.deploy.desk import Verdict
from dropship.errors import BusyError, DropshipError, UsageError

_CLERKS: Final = 16
_NEWS_EVERY: Final = 0.5
# Well below what a client takes for a hang.
_STILL_HERE_EVERY: Final = 3.0

_log = logging.getLogger("dropship.agent")


@dataclass(slots=True)
class _Order:
    """What one service was ordered, and what came of it."""

    name: str
    wish: messages.Order
    told: bool = False
    came: OutcomeAnswer | None = None


@dataclass(slots=True)
class _Errand:
    """What one caller waits for."""

    caller: Caller
    orders: list[_Order]
    said: dict[str, News] = field(default_factory=dict)
    said_at: float = 0.0

    @property
    def done(self) -> bool:
        """Everybody has answered."""
        return all(one.came is not None for one in self.orders)


class Reception:
    """Receives.

    ``record`` tells what the supervisor knows now; ``reload`` has it read its configuration
    again, and raises where that is at fault.
    """

    def __init__(
        self,
        control: Control,
        crew: Crew,
        record: Callable[[], AgentRecord],
        reload: Callable[[], str],
    ) -> None:
        self._control = control
        self._crew = crew
        self._record = record
        self._reload = reload
        self._clerks: set[int] = set()
        self._errands: list[_Errand] = []
        self._ticket = 0

    def attend(self, ready: Collection[Any], now: Clocks) -> None:
        """Hear those in ``ready``, pass on what workers have said, let go of who is done."""
        if self._control in ready:
            self._control.accept(now.steady)
        for caller in [one for one in ready if isinstance(one, Caller)]:
            self._hear(caller)
        self._take_answers()
        for errand in list(self._errands):
            self._go_on(errand, now)

    def act_in_time(self, now: Clocks) -> None:
        """Hang up on those who say nothing."""
        self._control.listen_again(now.steady)
        waiting = [one.caller for one in self._errands]
        for caller in list(self._control.callers):
            if now.steady >= caller.until and caller not in waiting:
                self._control.hang_up(caller)

    def deadline(self) -> float | None:
        """When there is something to do next (``time.monotonic()``)."""
        times = [one.said_at + _STILL_HERE_EVERY for one in self._errands]
        waiting = [one.caller for one in self._errands]
        times += [one.until for one in self._control.callers if one not in waiting]
        if self._control.deaf_until is not None:
            times.append(self._control.deaf_until)
        return min(times, default=None)

    def reaped(self, pids: Collection[int]) -> None:
        """Children that are no workers have ended."""
        self._clerks.difference_update(pids)

    # --- callers --------------------------------------------------------------------------------

    def _hear(self, caller: Caller) -> None:
        if any(one.caller is caller for one in self._errands):
            self._watch(caller)
            return
        try:
            request = caller.request()
            if request is not None:
                self._receive(caller, request)
            elif caller.gone:
                self._control.hang_up(caller)
        except DropshipError as error:
            self._end(caller, Failure(error))

    def _watch(self, caller: Caller) -> None:
        """One that waits says nothing more; what can be heard is that it hangs up."""
        try:
            caller.request()
        except UsageError:
            caller.gone = True

    def _receive(self, caller: Caller, request: Request) -> None:
        if request.command in questions.QUESTIONS:
            self._send_clerk(caller, request)
        elif request.command == "reload":
            _log.info("reload asked for by %s", caller.who())
            words = self._reload()
            self._end(caller, Result({"words": words}))
        else:
            self._take_order(caller, request)

    def _end(self, caller: Caller, line: Result | Failure) -> None:
        caller.tell(line)
        self._control.hang_up(caller)

    def _send_clerk(self, caller: Caller, request: Request) -> None:
        if len(self._clerks) >= _CLERKS:
            raise BusyError("the agent answers too many questions already", cure="ask it again")
        config, record, connection = self._crew.config, self._record(), caller.connection
        try:
            child = fork(
                lambda: clerk.serve(request, config, record, connection),
                title="dropship: answering",
                keep=(connection.fileno(),),
            )
        except OSError as error:
            raise DropshipError(f"the agent cannot answer: {error.strerror}") from error
        os.close(child.pidfd)
        self._clerks.add(child.pid)
        self._control.hang_up(caller)

    # --- orders ---------------------------------------------------------------------------------

    def _take_order(self, caller: Caller, request: Request) -> None:
        wanted = questions.services(self._crew.config, request.services)
        orders = [_Order(one.name, self._wish(request, caller)) for one in wanted]
        which = ", ".join(one.name for one in orders)
        _log.info("%s of %s asked for by %s", request.command, which, caller.who())
        errand = _Errand(caller, orders)
        self._errands.append(errand)

    def _wish(self, request: Request, caller: Caller) -> messages.Order:
        self._ticket += 1
        ticket = self._ticket
        if request.command == "update":
            return messages.CheckNow(request.force, ticket)
        if request.command == "rollback":
            return messages.RollBack(request.release, ticket)
        if request.command == "pause":
            return messages.Pause(request.reason, request.by or caller.who(), ticket)
        if request.command == "resume":
            return messages.Resume(ticket)
        if request.command == "retry":
            return messages.Retry(ticket)
        raise UsageError(
            f"the agent does not know the command {request.command}",
            cure="restart it if an older version of it is still running",
        )

    def _take_answers(self) -> None:
        for name, answered in self._crew.taken_answers():
            for order in self._orders(name):
                if order.wish.ticket == answered.ticket:
                    code = answered.verdict.value
                    order.came = OutcomeAnswer(name, code, answered.words)
        for name, ending in self._crew.taken_ends():
            for order in self._orders(name):
                if order.told and order.came is None:
                    order.came = _failed(name, f"its worker ended meanwhile: {ending}")

    def _orders(self, name: str) -> list[_Order]:
        return [order for errand in self._errands for order in errand.orders if order.name == name]

    def _go_on(self, errand: _Errand, now: Clocks) -> None:
        seats = {seat.name: seat for seat in self._crew.seats}
        for order in errand.orders:
            if order.came is None and not order.told:
                self._deliver(order, seats.get(order.name))
        if errand.caller.gone:
            # Nobody hears the end; what has been told is done all the same.
            if all(one.told or one.came for one in errand.orders):
                self._forget(errand)
        elif errand.done:
            document = answers.to_json([one.came for one in errand.orders])
            errand.caller.tell(Result(document))
            self._forget(errand)
        else:
            self._tell_news(errand, seats, now)

    def _deliver(self, order: _Order, seat: Seat | None) -> None:
        if seat is None:
            order.came = _failed(order.name, "the service was removed meanwhile")
        elif self._crew.stopping:
            words = "the agent is stopping"
            order.came = OutcomeAnswer(order.name, Verdict.REFUSED.value, words)
        elif seat.running is None and seat.due is None:
            words = f"it has no worker any more: {seat.last_exit}"
            order.came = OutcomeAnswer(order.name, Verdict.REFUSED.value, words)
        elif seat.running is not None and not seat.asked:
            order.told = seat.tell(order.wish)

    def _tell_news(self, errand: _Errand, seats: dict[str, Seat], now: Clocks) -> None:
        """What has changed, not too often; that we are here, not too seldom."""
        quiet = now.steady - errand.said_at
        if errand.said and quiet < _NEWS_EVERY:
            return
        current = {
            one.name: _done(one.came) if one.came else _news(seats[one.name])
            for one in errand.orders
            if one.came or one.name in seats
        }
        fresh = {name: one for name, one in current.items() if errand.said.get(name) != one}
        if not fresh and quiet < _STILL_HERE_EVERY:
            return
        waiting = {name: one for name, one in current.items() if one.phase != DONE}
        for one in (fresh or waiting).values():
            errand.caller.tell(one)
        errand.said, errand.said_at = {**errand.said, **current}, now.steady

    def _forget(self, errand: _Errand) -> None:
        self._errands.remove(errand)
        self._control.hang_up(errand.caller)


def _failed(name: str, words: str) -> OutcomeAnswer:
    return OutcomeAnswer(name, Verdict.FAILED.value, words)


def _done(came: OutcomeAnswer) -> News:
    return News(service=came.service, phase=DONE, note=came.words)


def _news(seat: Seat) -> News:
    """What a service's worker does, for who waits for it."""
    known = seat.record()
    progress = known.progress
    news = News(service=known.name, phase=known.phase, release=known.release)
    if progress is None:
        return news if known.pid else replace(news, note=known.last_exit)
    return replace(
        news,
        done=progress.done,
        total=progress.total,
        waiting_for=progress.waiting_for,
        note=progress.note,
    )
