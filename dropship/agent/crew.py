"""All workers of an agent: started, heard, watched, reaped, started again.

One seat per service. The crew decides when a worker begins, is killed or comes back; what the
agent as a whole is told (signals, reload, stop) reaches it through ``tell``, ``press`` and
``change``.

What comes of one event costs the same however many seats there are: nobody is looked at who has
not said anything, until the earliest moment at which somebody could be due.
"""

from __future__ import annotations

import logging
import math
import os
import selectors
import signal
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from dropship.agent import leftover, limits
from dropship.agent.board import Board
from dropship.agent.difference import Difference
from dropship.agent.messages import Answered, Finish, Wish
from dropship.agent.seat import Clocks, Seat, Work
from dropship.agent.stopping import Force
from dropship.agent.vigil import Verdict
from dropship.agent.words import ending, fate
from dropship.config.model import Config
from dropship.core import restart
from dropship.errors import StateError

# So that callers and signals are heard between them: forking that many takes some 50 ms.
_STARTS_A_TURN: Final = 16
_OUT_OF_TIME: Final = "it did not end in time"


@dataclass(frozen=True, slots=True)
class Ways:
    """How a crew works: ``chance`` gives random numbers in [0, 1), for jitter."""

    work: Work
    chance: Callable[[], float]
    once: bool = False


class Crew:
    """The workers.

    Attributes:
        config: What workers are started with from now on.
        ended_badly: A worker failed whose end was for good (``once``, or while stopping).
        stopping: Everybody was told to end for good.
    """

    def __init__(
        self, config: Config, ways: Ways, selector: selectors.BaseSelector, board: Board
    ) -> None:
        self.config = config
        self.ended_badly = False
        self._ways = ways
        self._selector = selector
        self._board = board
        self._seats = {one.name: Seat(one) for one in config.services}
        self._by_pid: dict[int, Seat] = {}
        self.stopping = False
        self._answers: list[tuple[str, Answered]] = []
        self._ends: list[tuple[str, str]] = []
        # Not later than anybody is due. Whoever speaks mostly moves it away from himself, so it is
        # found anew only when it has come.
        self._due_at = 0.0
        self._limits_at = clocks().steady + limits.INTERVAL
        self._oom_kills = limits.OomKills()

    @property
    def seats(self) -> Collection[Seat]:
        """Every service's place."""
        return self._seats.values()

    @property
    def gone(self) -> bool:
        """No worker is there, and none will come."""
        return not any(seat.running or seat.due is not None for seat in self.seats)

    @property
    def starting(self) -> bool:
        """Somebody has not been started yet for the first time."""
        return any(seat.fresh for seat in self.seats)

    def start(self, now: Clocks) -> None:
        """Start everybody, a few a turn."""
        for seat in self.seats:
            self._start_soon(seat, now)

    def tell(self, wish: Wish) -> None:
        """Tell everybody."""
        for seat in self.seats:
            if seat.running and not seat.tell(wish):
                seat.log.warning("the worker does not listen")

    def press(self, force: Force) -> None:
        """Have everybody end for good, so hard."""
        self.stopping = True
        for seat in self.seats:
            seat.due = None
            _press(seat, force)

    def change(self, config: Config, difference: Difference, now: Clocks) -> None:
        """Go over to another configuration: each worker it concerns at its own safe point."""
        self.config = config
        self._due_at = now.steady  # by another watchdog, perhaps
        for service in (*difference.added, *difference.changed):
            seat = self._seats.setdefault(service.name, Seat(service))
            seat.service = service
            self._renew(seat, now)
        for name in difference.removed:
            self._seats[name].service = None
            self._renew(self._seats[name], now)

    def listen(self, ready: Iterable[Any], now: Clocks) -> None:
        """Hear those whose seats are in ``ready``."""
        for seat in ready:
            if isinstance(seat, Seat):
                self._hear(seat, now)

    def taken_answers(self) -> list[tuple[str, Answered]]:
        """What workers said came of wishes, by service; taken by this call."""
        taken, self._answers = self._answers, []
        return taken

    def taken_ends(self) -> list[tuple[str, str]]:
        """Which services' workers have ended, and how; taken by this call."""
        taken, self._ends = self._ends, []
        return taken

    def reap(self, now: Clocks) -> list[os.waitid_result]:
        """Reap every child that has ended; gives those that were no workers.

        They are clerks, and strays where we are a container's init.
        """
        others: list[os.waitid_result] = []
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
            except ChildProcessError:
                return others
            if ended is None:
                return others
            if seat := self._by_pid.pop(ended.si_pid, None):
                self._bury(seat, ended, now)
            else:
                others.append(ended)

    def deadline(self) -> float:
        """When there may be something to do next (``time.monotonic()``)."""
        return min(self._due_at, self._limits_at)

    def act_in_time(self, now: Clocks) -> None:
        """Do what is due: start those that wait, judge the silent, look at memory."""
        if now.steady >= self._due_at:
            self._see_to_all(now)
        if now.steady >= self._limits_at:
            self._limits_at = now.steady + limits.INTERVAL
            self._oom_kills.look()
            for seat in self.seats:
                _enforce_memory(seat)

    def _see_to_all(self, now: Clocks) -> None:
        self._due_at = math.inf
        for seat in tuple(self.seats):
            self._judge(seat, now)
        due = [seat for seat in self.seats if seat.due is not None and now.steady >= seat.due]
        self._start(due[:_STARTS_A_TURN])
        for seat in self.seats:
            self._mind(seat)

    def _mind(self, seat: Seat) -> None:
        """Look again when it may be due."""
        due = seat.deadline(self.config.watchdog.seconds)
        if due is not None:
            self._due_at = min(self._due_at, due)

    def start_clocks_anew(self, now: Clocks) -> None:
        """We were late ourselves: nobody is to blame for silence."""
        for seat in self.seats:
            if seat.running:
                seat.running.vigil = seat.running.vigil.anew(now.steady)

    def _start(self, seats: Iterable[Seat]) -> None:
        # All forks first: after each, whatever is touched is copied, page by page.
        for seat in [one for one in seats if self._forked(one)]:
            self._watch(seat)

    def _forked(self, seat: Seat) -> bool:
        now = clocks()
        try:
            seat.start(self.config, self._ways.work, now)
        except OSError as error:
            self._start_later(seat, f"cannot start a worker: {error.strerror}", 0.0, now)
            return False
        return True

    def _watch(self, seat: Seat) -> None:
        if (running := seat.running) is None:
            return
        self._by_pid[running.child.pid] = seat
        self._selector.register(running.channel, selectors.EVENT_READ, seat)
        self._selector.register(running.child.pidfd, selectors.EVENT_READ, running.child.pid)
        seat.log.info("worker %d started", running.child.pid)
        self._board.changed(urgent=True)

    def _start_soon(self, seat: Seat, now: Clocks) -> None:
        seat.due = now.steady
        self._mind(seat)

    def _start_later(self, seat: Seat, why: str, lived: float, now: Clocks) -> None:
        seat.restarts, delay = restart.after_death(seat.restarts, lived, self._ways.chance())
        seat.wait(now.steady + delay, now)
        self._mind(seat)
        seat.log.error("%s", fate(why, seat.restarts.streak, delay))

    def _hear(self, seat: Seat, now: Clocks) -> None:
        self._listen_to(seat, now)
        if seat.running and seat.running.channel.closed:
            # Hung up, not dead yet: an end of file would wake us for ever.
            self._forget(seat.running.channel)

    def _listen_to(self, seat: Seat, now: Clocks) -> bool:
        """Hear a part of what it has said; False if there is nothing more."""
        before = seat.news
        heard = seat.hear(now)
        if heard:
            self._mind(seat)
        if seat.news != before:  # and not at each check that finds nothing
            self._board.changed()
        self._answers += [(seat.name, one) for one in seat.taken_answers()]
        return heard

    def _forget(self, watched: Any) -> None:
        if self._selector.get_map().get(watched) is not None:
            self._selector.unregister(watched)

    def _bury(self, seat: Seat, ended: os.waitid_result, now: Clocks) -> None:
        if seat.running is None:
            return
        # All of it: an answer may be the last thing that it said.
        while self._listen_to(seat, now):
            pass
        self._forget(seat.running.channel)
        self._forget(seat.running.child.pidfd)
        well = _well(ended, asked=seat.asked)
        if _by_nobody(ended, seat) and self._oom_kills.lately():
            seat.verdict = "perhaps out of memory: the kernel's OOM killer has struck"
        lived = seat.bury(ending(ended.si_code, ended.si_status), now, well=well)
        self._ends.append((seat.name, seat.last_exit))
        self._board.changed(urgent=True)
        if self.stopping or self._ways.once:
            self.ended_badly |= not well
            if seat.verdict == _OUT_OF_TIME:
                _kill_hook(self.config, seat)
            seat.log.log(
                logging.INFO if well else logging.ERROR, "worker ended: %s", seat.last_exit
            )
        elif seat.service is None:
            seat.log.info("worker ended: %s; the service was removed", seat.last_exit)
            del self._seats[seat.name]
        elif seat.asked and well:
            seat.log.info("worker ended: %s; its configuration has changed", seat.last_exit)
            self._start_soon(seat, now)
        else:
            self._start_later(seat, f"worker died: {seat.last_exit}", lived, now)

    def _judge(self, seat: Seat, now: Clocks) -> None:
        watchdog = self.config.watchdog.seconds
        running = seat.running
        if running is None or running.vigil.judge(now.steady, watchdog)[0] is Verdict.FINE:
            return
        # What it has said and we have not read yet counts.
        self._hear(seat, now)
        verdict, running.vigil = running.vigil.judge(now.steady, watchdog)
        if verdict is Verdict.ABORT:
            seat.log.error("the worker is silent; asking it where it hangs (SIGABRT)")
            seat.kill(signal.SIGABRT, "it was silent for too long")
        elif verdict is Verdict.KILL:
            seat.log.error("the worker is still silent; killing it")
            seat.kill(signal.SIGKILL)
        elif verdict is not Verdict.FINE:
            seat.log.error("killing the worker: %s", verdict.value)
            seat.kill(signal.SIGKILL, verdict.value)

    def _renew(self, seat: Seat, now: Clocks) -> None:
        """Have the worker end at a safe point, or start it if there is none."""
        if seat.running:
            _press(seat, Force.ASKED)
        elif seat.service is None:
            del self._seats[seat.name]
        else:
            self._start_soon(seat, now)


def clocks() -> Clocks:
    """Now, on both clocks."""
    return Clocks(time.monotonic(), time.time())


def _well(ended: os.waitid_result, *, asked: bool) -> bool:
    if ended.si_code == os.CLD_EXITED:
        return ended.si_status == 0
    # Asked so early that it had no handler yet, and so nothing under way.
    return asked and ended.si_status == signal.SIGTERM


def _by_nobody(ended: os.waitid_result, seat: Seat) -> bool:
    """Killed, and not by us."""
    return ended.si_code == os.CLD_KILLED and ended.si_status == signal.SIGKILL and not seat.verdict


def _press(seat: Seat, force: Force) -> None:
    seat.asked = True
    if force is Force.KILLED:
        seat.kill(signal.SIGKILL, _OUT_OF_TIME)
        return
    seat.tell(Finish(hard=force is Force.PRESSED))
    # Wakes it out of a blocking call, too.
    seat.kill(signal.SIGTERM)


def _kill_hook(config: Config, seat: Seat) -> None:
    try:
        if leftover.kill_hook(config.state_path, seat.name):
            seat.log.error("killed the hook that the worker has left")
    except StateError as error:
        seat.log.warning("%s", error)


def _enforce_memory(seat: Seat) -> None:
    if seat.running is None or seat.service is None:
        return
    used = limits.over(seat.service.worker, seat.running.child.pid)
    if used is not None:
        verdict = f"it used {used} of memory, allowed are {seat.service.worker.memory}"
        seat.log.error("killing the worker: %s", verdict)
        seat.kill(signal.SIGKILL, verdict)
