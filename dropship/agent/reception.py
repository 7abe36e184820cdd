"""Where callers of the control socket are received: each says one thing, and is passed on.

A question goes to a clerk, and waits a little where too many are being answered; an order becomes
an errand; a reload is done on the spot. One that says nothing, or nothing sensible, is told so
and let go.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Collection
from typing import Any, Final

from dropship.agent import clerk, questions
from dropship.agent.control import Caller, Control
from dropship.agent.crew import Crew
from dropship.agent.errands import Errands
from dropship.agent.fork import fork
from dropship.agent.protocol import Failure, Request, Result
from dropship.agent.record import AgentRecord
from dropship.agent.seat import Clocks
from dropship.agent.words import ending
from dropship.errors import BusyError, DropshipError

_CLERKS: Final = 16
# Seconds that a question waits for a clerk: below what a client takes for a hang.
_QUESTION_PATIENCE: Final = 8.0

_log = logging.getLogger("dropship.agent")


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
        self._errands = Errands(control, crew)
        self._questions: dict[Caller, Request] = {}
        self._clerks: set[int] = set()

    def attend(self, ready: Collection[Any], now: Clocks) -> None:
        """Hear those in ``ready``, send clerks, go on with errands."""
        if self._control in ready:
            self._control.accept(now.steady)
        for caller in [one for one in ready if isinstance(one, Caller)]:
            self._hear(caller, now)
        self._send_clerks(now)
        self._errands.go_on(now)

    def act_in_time(self, now: Clocks) -> None:
        """Hang up on those who say or read nothing."""
        self._control.listen_again(now.steady)
        for caller in list(self._control.callers):
            if caller.until is None or now.steady < caller.until:
                continue
            if self._questions.pop(caller, None):
                busy = BusyError("the agent answers too many questions", cure="ask it again")
                self._control.end(caller, Failure(busy), now.steady)
            else:
                self._let_go(caller)

    def deadline(self) -> float | None:
        """When there is something to do next (``time.monotonic()``)."""
        times = [one.until for one in self._control.callers]
        times += [self._errands.deadline(), self._control.deaf_until]
        return min((one for one in times if one is not None), default=None)

    def reaped(self, ended: Collection[os.waitid_result]) -> None:
        """Children that are no workers have ended."""
        for one in ended:
            if one.si_pid in self._clerks and one.si_code != os.CLD_EXITED:
                _log.warning("a question was not answered: %s", _ended(one))
        self._clerks.difference_update(one.si_pid for one in ended)

    def _hear(self, caller: Caller, now: Clocks) -> None:
        if caller.behind:
            self._control.go_on_telling(caller, now.steady)
        elif caller.until is None or caller in self._questions:
            caller.heard()  # it has said what it wants; whatever else it says is nothing to us
        else:
            self._hear_request(caller, now)
        if caller.gone:
            self._let_go(caller)

    def _hear_request(self, caller: Caller, now: Clocks) -> None:
        try:
            request = caller.request()
            if request is not None:
                self._receive(caller, request, now)
        except DropshipError as error:
            self._control.end(caller, Failure(error), now.steady)

    def _receive(self, caller: Caller, request: Request, now: Clocks) -> None:
        if request.command in questions.QUESTIONS:
            caller.until = now.steady + _QUESTION_PATIENCE
            self._questions[caller] = request
        elif request.command == "reload":
            _log.info("reload asked for by %s", caller.who())
            words = self._reload()
            self._control.end(caller, Result({"words": words}), now.steady)
        else:
            self._errands.take(caller, request)

    def _let_go(self, caller: Caller) -> None:
        """Nobody is there any more; what was ordered is done all the same."""
        caller.gone = True
        self._questions.pop(caller, None)
        self._control.hang_up(caller)

    def _send_clerks(self, now: Clocks) -> None:
        """Have questions answered, the oldest first, as far as there are clerks."""
        for caller, request in list(self._questions.items()):
            if len(self._clerks) >= _CLERKS:
                return
            del self._questions[caller]
            try:
                self._send_clerk(caller, request)
            except OSError as error:
                failed = DropshipError(f"the agent cannot answer: {error.strerror}")
                self._control.end(caller, Failure(failed), now.steady)

    def _send_clerk(self, caller: Caller, request: Request) -> None:
        config, record, connection = self._crew.config, self._record(), caller.connection
        child = fork(
            lambda: clerk.serve(request, config, record, connection),
            title="dropship: answering",
            keep=(connection.fileno(),),
        )
        os.close(child.pidfd)
        self._clerks.add(child.pid)
        self._control.hang_up(caller)


def _ended(clerk_process: os.waitid_result) -> str:
    """How a clerk was ended, in words."""
    if clerk_process.si_status == signal.SIGALRM:
        return f"that took longer than {clerk.PATIENCE} s"
    how = ending(clerk_process.si_code, clerk_process.si_status)
    return f"the process that was to was {how}"
