"""The supervisor: one process that looks after a crew of workers until it is told to stop.

Single-threaded: an event loop over a signal wake-up descriptor, worker channels, pidfds, the
control socket and timers. It never does a service's work: no store call, no archive, no hook, no fsync in its loop.
When it dies, its workers die with it.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import selectors
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from dropship import __version__
from dropship.agent import vigil
from dropship.agent.board import Board, status
from dropship.agent.control import Control
from dropship.agent.crew import Crew, Ways, clocks
from dropship.agent.difference import difference, pinned
from dropship.agent.messages import CheckNow
from dropship.agent.reception import Reception
from dropship.agent.record import AgentRecord
from dropship.agent.seat import Clocks, Work
from dropship.agent.signals import HEEDED, Signals
from dropship.agent.stopping import Force, Stopping
from dropship.config.model import Config
from dropship.core.values import Duration
from dropship.errors import BusyError, ConfigError, DropshipError
from dropship.linux.notify import Notifier, watchdog_interval
from dropship.log import hide
from dropship.state.lock import AgentLock

_EXTENSION: Final = Duration.of(15)
_EXTEND_EVERY: Final = 5.0
# The longest sleep: one that took longer was a suspend or a stall, and workers had it too.
_TICK: Final = 2.0
_INTERRUPTED: Final = 130

_STOP_WORDS: Final[Mapping[Force, str]] = {
    Force.ASKED: "stopping; updates under way are finished first",
    Force.PRESSED: "stopping now; updates under way are left to the next start",
    Force.KILLED: "killing the workers",
}

_log = logging.getLogger("dropship.agent")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a supervisor is to do.

    Attributes:
        config: The configuration to start with.
        work: What a worker does.
        reload: Reads the configuration again; raises ``ConfigError`` where it is at fault.
        prepare: Imports and builds what workers of a configuration will need, before they are
            forked; may raise ``DropshipError``, which ends the start or refuses the reload.
        environ: Where a service manager says how it wants to be told things.
        once: Workers end by themselves and are not started again.
        chance: Random numbers in [0, 1), for jitter.
    """

    config: Config
    work: Work
    reload: Callable[[], Config]
    prepare: Callable[[Config], None] = lambda _config: None
    environ: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    chance: Callable[[], float] = random.random


def supervise(plan: Plan) -> int:
    """Run until told to stop (``once``: until all workers have ended); gives the exit status.

    0 if all ended well; 1 if a worker had to be pressed, or failed while ending (``once``: at
    all); 130 if ``once`` was interrupted.

    Raises:
        BusyError: Another agent uses ``run_path`` or ``state_path``; says which process.
        StateError: One of them cannot be used, or there can be no control socket.
    """
    with ExitStack() as stack:
        stack.enter_context(AgentLock(plan.config.run_path, "run_path"))
        if not _one_folder(plan.config):
            stack.enter_context(AgentLock(plan.config.state_path, "state_path"))
        signals = stack.enter_context(Signals(HEEDED))
        selector = stack.enter_context(selectors.DefaultSelector())
        control = stack.enter_context(
            Control(plan.config.run_path, plan.config.socket_group, selector)
        )
        notifier = Notifier(plan.environ)
        stack.callback(notifier.close)
        return _Supervisor(plan, signals, selector, control, notifier).run()


def _one_folder(config: Config) -> bool:
    """Whether ``run_path``, which is there by now, is ``state_path`` too, by whatever name."""
    try:
        return config.run_path.samefile(config.state_path)
    except OSError:
        return False  # the lock makes the folder, or says what is wrong with it


class _Supervisor:
    def __init__(
        self,
        plan: Plan,
        signals: Signals,
        selector: selectors.BaseSelector,
        control: Control,
        notifier: Notifier,
    ) -> None:
        now = clocks()
        self._plan = plan
        self._signals = signals
        self._selector = selector
        self._control = control
        self._notifier = notifier
        self._board = Board(now.wall, __version__, notifier)
        ways = Ways(plan.work, plan.chance, plan.once)
        self._crew = Crew(plan.config, ways, selector, self._board)
        self._reception = Reception(control, self._crew, self._record, self._reload)
        self._stopping = Stopping()
        self._ready = False
        self._alive_every = watchdog_interval(plan.environ, os.getpid())
        self._alive_at = now.steady
        self._extend_at = now.steady
        selector.register(signals, selectors.EVENT_READ)

    def run(self) -> int:
        """Start everybody, and look after them until nobody is left to look after."""
        self._plan.prepare(self._crew.config)
        _log.info("dropship %s starts: %s", __version__, status(self._crew.seats))
        # What exists now is shared with the workers as memory; the collector leaves it alone.
        gc.collect()
        gc.freeze()
        self._crew.start(clocks())
        turned = clocks().steady
        while not (self._crew.gone and (self._stopping.under_way or self._plan.once)):
            turned = self._turn(turned)
            self._become_ready()
        _log.info("dropship has stopped")
        return self._status()

    def _become_ready(self) -> None:
        """Once everybody has been started; callers and signals are heard before that, too."""
        if self._ready or self._crew.starting or self._stopping.under_way:
            return
        self._ready = True
        self._board.ready(self._crew.seats)

    def _status(self) -> int:
        if self._plan.once and self._stopping.under_way:
            return _INTERRUPTED
        return 1 if self._crew.ended_badly or self._stopping.force > Force.ASKED else 0

    def _turn(self, turned: float) -> float:
        """One turn of the loop; ``turned`` is when the last one woke, the result is when this did."""
        began = clocks().steady
        deadline = self._deadline()
        timeout = _TICK if deadline is None else min(max(0.0, deadline - began), _TICK)
        ready = {key.data for key, _ in self._selector.select(timeout)}
        now = clocks()
        # Held up in the last turn, or in this sleep.
        if vigil.late(turned, began) or vigil.late(began + timeout, now.steady):
            self._crew.start_clocks_anew(now)
        self._take_in(ready, now)
        self._act_in_time(now)
        self._board.tell(self._crew.seats, now, stopping=self._stopping.under_way)
        return now.steady

    def _take_in(self, ready: set[Any], now: Clocks) -> None:
        # Channels before anything else: nobody is judged by what was not read yet.
        self._crew.listen(ready, now)
        came = self._signals.taken()
        if came[signal.SIGCHLD] or any(isinstance(one, int) for one in ready):
            self._reception.reaped(self._crew.reap(now))
        self._heed(came, now)
        self._reception.attend(ready, now)

    def _heed(self, came: Counter[int], now: Clocks) -> None:
        if stops := came[signal.SIGTERM] + came[signal.SIGINT]:
            self._stop(self._stopping.harder(now.steady, stops))
        if came[signal.SIGUSR1]:
            _log.info("checking all services now")
            self._crew.tell(CheckNow())
        if came[signal.SIGHUP]:
            with suppress(DropshipError):  # it has been said
                self._reload()

    def _deadline(self) -> float | None:
        times = [
            self._board.due,
            self._crew.deadline(),
            self._reception.deadline(),
            self._stopping.deadline(self._crew.config.stop_timeout.seconds),
            None if self._alive_every is None else self._alive_at,
            self._extend_at if self._takes_its_time else None,
        ]
        return min((one for one in times if one is not None), default=None)

    def _act_in_time(self, now: Clocks) -> None:
        self._stop(self._stopping.at(now.steady, self._crew.config.stop_timeout.seconds))
        self._crew.act_in_time(now)
        self._reception.act_in_time(now)
        if self._alive_every is not None and now.steady >= self._alive_at:
            self._alive_at = now.steady + self._alive_every
            self._notifier.alive()
        if self._takes_its_time and now.steady >= self._extend_at:
            self._extend_at = now.steady + _EXTEND_EVERY
            self._notifier.extend(_EXTENSION)

    @property
    def _takes_its_time(self) -> bool:
        """Starting many workers, or ending: the service manager is to wait for it."""
        return not self._ready or self._stopping.under_way

    def _stop(self, stopping: Stopping) -> None:
        if stopping.force is self._stopping.force:
            return
        self._stopping = stopping
        self._extend_at = stopping.since
        words = _STOP_WORDS[stopping.force]
        _log.info(words)
        self._notifier.stopping(words)
        self._board.changed(urgent=True)
        self._crew.press(stopping.force)

    def _record(self) -> AgentRecord:
        return self._board.record(self._crew.seats, clocks(), stopping=self._stopping.under_way)

    def _reload(self) -> str:
        """Read the configuration again; gives in words what that changed.

        Raises:
            BusyError: The agent is ending.
            ConfigError: It is at fault, or we are; the old one stays.
        """
        if self._stopping.under_way or self._plan.once:
            raise BusyError("the agent is ending, and reads no configuration any more")
        if self._ready:
            self._notifier.reloading()
        try:
            words = self._apply(self._plan.reload())
        except Exception as error:
            foreseen = isinstance(error, (DropshipError, OSError))
            shown = str(error) if foreseen else f"a fault of dropship itself: {error!r}"
            _log.error(
                "not reloaded, the old configuration stays: %s", shown, exc_info=not foreseen
            )
            self._board.config_error = why = hide(shown)
            raise ConfigError(f"not reloaded, the old configuration stays: {why}") from error
        else:
            self._board.config_error = None
            return words
        finally:
            self._board.changed(urgent=True)
            if self._ready:
                self._board.ready(self._crew.seats)

    def _apply(self, config: Config) -> str:
        change = difference(self._crew.config, config)
        for name in change.fixed:
            _log.warning("a new %s takes a restart of the agent; the old one stays", name)
        config = pinned(self._crew.config, config)
        self._plan.prepare(config)
        if config.socket_group != self._crew.config.socket_group:
            self._control.give_to(config.socket_group)
        _log.info("reloaded: %s", change)
        self._crew.change(config, change, clocks())
        return str(change)
