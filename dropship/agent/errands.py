"""What callers of the control socket have had ordered: told to workers, followed, answered.

An order is for one service or several. Each worker it concerns is told under a ticket of its own,
as soon as there is one that will go on; the caller hears the news of those services, and what came
of it when the last one has answered. A caller that hangs up takes nothing back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from dropship.agent import answers, messages, questions
from dropship.agent.answers import OutcomeAnswer
from dropship.agent.control import Caller, Control
from dropship.agent.crew import Crew, clocks
from dropship.agent.protocol import DONE, News, Request, Result
from dropship.agent.seat import Clocks, Seat
from dropship.deploy import by_hand, marks, versions
from dropship.deploy.desk import Verdict
from dropship.errors import UsageError

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


class Errands:
    """All that is under way."""

    def __init__(self, control: Control, crew: Crew) -> None:
        self._control = control
        self._crew = crew
        self._errands: list[_Errand] = []
        self._ticket = 0

    def take(self, caller: Caller, request: Request) -> None:
        """Begin one.

        Raises:
            UsageError: There is no such command, or no such service.
        """
        make = _WISHES.get(request.command)
        if make is None:
            raise UsageError(
                f"the agent does not know the command {request.command}",
                cure="restart it if an older version of it is still running",
            )
        request = request if request.by else replace(request, by=caller.who())
        wanted = questions.services(self._crew.config, request.services, agent=True)
        if request.command == "run-hook":
            for one in wanted:
                by_hand.see(one, by_hand.wanted(request.kind, request.number))
        if request.command == "retry" and request.fleet:
            for one in wanted:
                marks.see(one)
        if request.command == "pin":
            for one in wanted:
                versions.see(one, request.version)
        orders = [_Order(one.name, make(request, self._next_ticket())) for one in wanted]
        which = ", ".join(one.name for one in orders)
        _log.info("%s of %s asked for by %s", request.command, which, caller.who())
        caller.until = None
        self._errands.append(_Errand(caller, orders))

    def go_on(self, now: Clocks) -> None:
        """Tell workers what they can be told by now, and callers what there is to tell."""
        self._take_answers()
        seats = {seat.name: seat for seat in self._crew.seats} if self._errands else {}
        for errand in list(self._errands):
            self._go_on(errand, seats, now)

    def deadline(self) -> float | None:
        """When a caller wants to hear that we are still here (``time.monotonic()``)."""
        waiting = [one for one in self._errands if not (one.caller.gone or one.caller.behind)]
        return min((one.said_at + _STILL_HERE_EVERY for one in waiting), default=None)

    def _next_ticket(self) -> int:
        self._ticket += 1
        return self._ticket

    def _take_answers(self) -> None:
        answered, ends = self._crew.taken_answers(), dict(self._crew.taken_ends())
        if not (answered or ends):
            return
        orders = {one.wish.ticket: one for errand in self._errands for one in errand.orders}
        for name, said in answered:
            if order := orders.get(said.ticket):
                order.came = OutcomeAnswer(name, said.verdict.value, said.words)
        for order in orders.values():
            if order.told and order.came is None and order.name in ends:
                words = f"its worker ended meanwhile: {ends[order.name]}"
                order.came = _failed(order.name, words)

    def _go_on(self, errand: _Errand, seats: Mapping[str, Seat], now: Clocks) -> None:
        for order in errand.orders:
            if order.came is None and not order.told:
                self._deliver(order, seats.get(order.name))
        if errand.caller.gone:
            # Nobody hears the end; what has been told is done all the same.
            if all(one.told or one.came for one in errand.orders):
                self._errands.remove(errand)
        elif errand.done:
            document = answers.to_json([one.came for one in errand.orders])
            self._errands.remove(errand)
            self._control.end(errand.caller, Result(document), now.steady)
        else:
            self._tell_news(errand, seats, now)

    def _deliver(self, order: _Order, seat: Seat | None) -> None:
        if seat is None:
            order.came = _failed(order.name, "the service was removed meanwhile")
        elif self._crew.stopping:
            order.came = _refused(order.name, "the agent is stopping")
        elif seat.running is None and seat.due is None:
            order.came = _refused(order.name, f"it has no worker any more: {seat.last_exit}")
        elif seat.running is not None and not seat.asked:
            order.told = seat.tell(order.wish)

    def _tell_news(self, errand: _Errand, seats: Mapping[str, Seat], now: Clocks) -> None:
        """What has changed, not too often; that we are here, not too seldom."""
        quiet = now.steady - errand.said_at
        # Only the newest counts: who is behind with reading hears that once it has caught up.
        if errand.caller.behind or (errand.said and quiet < _NEWS_EVERY):
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
        self._control.tell(errand.caller, *(fresh or waiting).values(), now=now.steady)
        errand.said, errand.said_at = {**errand.said, **current}, now.steady


_WISHES: Final[Mapping[str, Callable[[Request, int], messages.Order]]] = MappingProxyType(
    {
        "update": lambda one, ticket: messages.CheckNow(one.force, ticket),
        "rollback": lambda one, ticket: messages.RollBack(one.release, ticket),
        "pause": lambda one, ticket: messages.Pause(one.reason, one.by, ticket),
        "resume": lambda _, ticket: messages.Resume(ticket),
        "retry": lambda one, ticket: messages.Retry(one.fleet, ticket),
        "pin": lambda one, ticket: messages.Pin(one.version, ticket),
        "unpin": lambda _, ticket: messages.Unpin(ticket),
        "run-hook": lambda one, ticket: messages.RunHooks(one.kind, one.number, ticket),
    }
)


def _failed(name: str, words: str) -> OutcomeAnswer:
    return OutcomeAnswer(name, Verdict.FAILED.value, words)


def _refused(name: str, words: str) -> OutcomeAnswer:
    return OutcomeAnswer(name, Verdict.REFUSED.value, words)


def _done(came: OutcomeAnswer) -> News:
    return News(service=came.service, phase=DONE, note=came.words)


def _news(seat: Seat) -> News:
    """What a service's worker does, for who waits for it."""
    known = seat.record(clocks())
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
