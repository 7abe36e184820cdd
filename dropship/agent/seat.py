"""One service's place in the supervisor: its worker while there is one, and what is known of it.

A seat does what it is told to (start, tell, signal, bury) and remembers; when, is the
supervisor's to decide.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from dropship import log
from dropship.agent import limits
from dropship.agent.channel import AT_ONCE, Channel
from dropship.agent.fork import Child, fork
from dropship.agent.messages import Answered, Asleep, Busy, Message, Statement, Wish
from dropship.agent.record import CRASHED, ENDED, WorkerRecord
from dropship.agent.vigil import Vigil
from dropship.config.model import Config, ServiceConfig
from dropship.core.restart import Restarts
from dropship.core.watch import Progress
from dropship.errors import DropshipError, InterruptedByStop

Work: TypeAlias = Callable[[Config, ServiceConfig, Channel], int]
"""What a worker does: drives its service until it is told to finish; gives its exit status."""


@dataclass(slots=True)
class Running:
    """A worker that was forked and not reaped yet; ``since`` is ``time.monotonic()``."""

    child: Child
    channel: Channel
    since: float
    vigil: Vigil


@dataclass(frozen=True, slots=True)
class Clocks:
    """One moment on both clocks: ``steady`` for spans, ``wall`` (since the epoch) for people."""

    steady: float
    wall: float


class Seat:
    """A service's place.

    Attributes:
        service: What the next worker is to do; None if there is to be none.
        running: The worker, if there is one.
        due: When a worker is to be started (``time.monotonic()``), if one is waited for.
        asked: The worker was asked to finish; its end is no misfortune.
        verdict: Why we killed it, for the record of its end.
    """

    def __init__(self, service: ServiceConfig) -> None:
        self.name = service.name
        self.service: ServiceConfig | None = service
        self.running: Running | None = None
        self.due: float | None = None
        self.asked = False
        self.verdict = ""
        self._answers: list[Answered] = []
        self.restarts = Restarts()
        self.last_exit = ""
        self.log = log.bound(self.name, "dropship.agent")
        self._phase = "starting"
        self._phase_since = 0.0
        self._rested = Asleep(0.0)
        self._wake_at: float | None = None

    @property
    def updating(self) -> bool:
        """Its worker is in the middle of something that changes the host, or prepares to."""
        phases = ("starting", "idle", "checking")
        said = self._said
        return isinstance(said, Busy) and said.phase not in phases

    @property
    def failed(self) -> bool:
        """Its last update failed: what its worker said when it last had nothing to do."""
        return self._rested.failed

    @property
    def news(self) -> tuple[bool, bool, Progress | None]:
        """What the world is told of it, in one line with the others."""
        return self.updating, self.failed, self.progress

    @property
    def fresh(self) -> bool:
        """Its first worker is still to be started."""
        return self.due is not None and self._phase == "starting"

    @property
    def crashed(self) -> bool:
        """Its worker is gone, and not because it had done its work."""
        return self.running is None and self._phase == CRASHED

    @property
    def _said(self) -> Statement | None:
        return None if self.running is None else self.running.vigil.said

    def start(self, config: Config, work: Work, clocks: Clocks) -> None:
        """Fork a worker.

        Raises:
            OSError: There can be none now.
        """
        service = self.service
        if service is None or self.running is not None:
            raise RuntimeError(f"{self.name} is not to be started")
        ours, theirs = Channel.pair()
        try:
            child = fork(
                lambda: _worker(config, service, theirs, work),
                title=f"dropship: worker {self.name}",
                keep=(theirs.fileno(),),
                log=self.log,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        vigil = Vigil(clocks.steady, since=clocks.steady)
        self.running = Running(child, ours, clocks.steady, vigil)
        self.due, self.asked, self.verdict = None, False, ""
        self._note("starting", clocks.wall)

    def deadline(self, watchdog: float) -> float | None:
        """When there may be something to do about it (``time.monotonic()``); None: never."""
        return self.due if self.running is None else self.running.vigil.deadline(watchdog)

    def hear(self, clocks: Clocks) -> bool:
        """Take in what the worker said, a bounded part of it; True if there was something."""
        running = self.running
        if running is None:
            return False
        heard, more = 0, True
        while more and heard < AT_ONCE:
            try:
                for message in running.channel.receive():
                    heard += 1
                    self._listen(running, message, clocks)
                more = False
            except ValueError as error:
                heard += 1
                self._shrug(running, error, clocks)
        if heard >= AT_ONCE:
            running.vigil = running.vigil.finds_more()
        if running.channel.closed and running.vigil.hung_up is None:
            running.vigil = running.vigil.hangs_up(clocks.steady)
            return True
        return heard > 0

    def _listen(self, running: Running, message: Message, clocks: Clocks) -> None:
        if isinstance(message, (Busy, Asleep)):
            running.vigil = running.vigil.hears(message, clocks.steady)
            self._take_in(message, clocks)
            return
        running.vigil = running.vigil.counts(clocks.steady)
        if isinstance(message, Answered):
            self._answers.append(message)

    def _shrug(self, running: Running, error: ValueError, clocks: Clocks) -> None:
        running.vigil = running.vigil.hears_nonsense(clocks.steady)
        if running.vigil.nonsense == 1:
            self.log.error("the worker said what makes no sense: %s", error)

    def taken_answers(self) -> list[Answered]:
        """What it said came of wishes; taken by this call."""
        taken, self._answers = self._answers, []
        return taken

    def tell(self, wish: Wish) -> bool:
        """Tell the worker something; False if there is none, or it does not listen."""
        return self.running is not None and self.running.channel.send(wish)

    def kill(self, number: signal.Signals, verdict: str = "") -> None:
        """Send the worker a signal; ``verdict`` says why, if it ends by that."""
        if self.running is None:
            return
        self.verdict = verdict or self.verdict
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.running.child.pidfd, number)

    def wait(self, due: float, clocks: Clocks) -> None:
        """There is no worker, against our will; the next is to be started when it is ``due``."""
        self.due = due
        self._note(CRASHED, clocks.wall)
        self._wake_at = due

    def bury(self, ending: str, clocks: Clocks, *, well: bool) -> float:
        """The worker was reaped: give back what it had; returns the seconds it lived.

        ``well``: it was asked to end, or had done its work.
        """
        running = self.running
        if running is None:
            return 0.0
        running.channel.close()
        os.close(running.child.pidfd)
        self.running = None
        doing = "" if well else f" while {self._phase.replace('_', ' ')}"
        verdict = f" ({self.verdict})" if self.verdict else ""
        self.last_exit = f"{ending}{doing}{verdict}"
        self._note(ENDED if well else CRASHED, clocks.wall)
        return clocks.steady - running.since

    @property
    def progress(self) -> Progress | None:
        """How far its worker is."""
        said = self._said
        return said.progress if isinstance(said, Busy) else None

    def record(self, now: Clocks) -> WorkerRecord:
        """What others may know."""
        said, wake_at = self._said, self._wake_at
        return WorkerRecord(
            name=self.name,
            pid=self.running.child.pid if self.running else None,
            restarts=self.restarts.count,
            deaths=self.restarts.streak,
            last_exit=self.last_exit,
            phase=self._phase,
            since=self._phase_since,
            release=said.release if isinstance(said, Busy) else "",
            progress=self.progress,
            last_check=self._rested.checked or None,
            # By the clock of people only now: it may have jumped meanwhile.
            next_check=None if wake_at is None else now.wall + wake_at - now.steady,
            trouble=self._rested.trouble,
            blame=self._rested.blame,
            failed=self.failed,
            turn=(said.turn if said else 0.0) or None,
        )

    def _take_in(self, said: Statement, clocks: Clocks) -> None:
        if said.phase != self._phase:
            self._note(said.phase, clocks.wall)
        if isinstance(said, Asleep):
            self._wake_at = said.until
            self._rested = replace(said, checked=said.checked or self._rested.checked)

    def _note(self, phase: str, wall: float) -> None:
        self._phase, self._phase_since, self._wake_at = phase, wall, None


def _worker(config: Config, service: ServiceConfig, channel: Channel, work: Work) -> int:
    """What runs in the child."""
    limits.apply(service.worker)
    try:
        return work(config, service, channel)
    except DropshipError as error:
        log.bound(service.name).error("%s", error)
        return 1
    except InterruptedByStop:
        return 1
