"""Performs the long commands of the table: each does its work and gives exactly one event.

Whatever goes wrong becomes an event; only ``InterruptedByStop`` passes through.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from dropship.core import commands as do
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Saved
from dropship.core.situation import State, installed
from dropship.core.values import Md5
from dropship.core.watch import Watch
from dropship.deploy import ground, words
from dropship.deploy.desk import Desk
from dropship.deploy.health import Surroundings, verify
from dropship.deploy.hooks import HookRunner, Listener
from dropship.deploy.proof import Doubts, vouched
from dropship.deploy.rig import Rig
from dropship.deploy.turn import Turn
from dropship.errors import (
    DropshipError,
    HealthError,
    IntegrityError,
    LeaseLostError,
    LockError,
    MovedError,
    NoSpaceError,
    RefusedError,
    RepoError,
    StateError,
)
from dropship.install import activate, adopt, stage, taking
from dropship.net.heed import limited
from dropship.repos import Found

_log = logging.getLogger("dropship.deploy")


# Nobody looks around while the store is asked, and for a worker that is silent for longer than
# `watchdog` its supervisor has no other word than SIGABRT. Timeouts alone bound each read only.
_LONGEST_ASK_SECONDS: Final = 45.0


class Performer:
    """Performs for one service."""

    def __init__(self, rig: Rig, turn: Turn, desk: Desk, watch: Watch, listener: Listener) -> None:
        self._rig = rig
        self._turn = turn
        self._desk = desk
        self._watch = watch
        self._listener = listener
        self._hooks = HookRunner(rig, watch, listener)
        self._doubts = Doubts(rig)
        self._found: Found | None = None
        self._prepared: Saved | None = None

    def perform(self, command: do.Long, state: State) -> on.Completion:
        """Do it; the event carries the command's id and the time.

        Raises:
            InterruptedByStop: An order called it off.
        """
        event = self._WAYS[type(command)](self, command, state)
        return replace(event, id=command.id, at=time.time())

    def prepare(self, saved: Saved) -> None:
        """Write the next state out in full, uncommitted.

        Raises:
            StateError: There is no room for it, or no permission.
        """
        self._rig.store.prepare(saved)
        self._prepared = saved

    def forget_prepared(self) -> None:
        """What was written out may not be what stands there any more."""
        self._prepared = None

    def _ask(self, _command: do.Ask, state: State) -> on.Completion:
        rig = self._rig
        try:
            with limited(_LONGEST_ASK_SECONDS, self._too_slow), self._desk.interrupting():
                self._found = rig.source.find(state.saved.pinned)
        except RepoError as error:
            self._explain(error, state)
            return on.StoreFailed(error=str(error), permanent=error.permanent, wait=error.wait)
        found = self._found
        if doubt := self._doubts.news(found):
            self._listener.passed(doubt)
        seen = ground.look(rig.layout, state.saved)
        md5 = found.md5 or state.saved.meaning(found.token)
        try:
            self._turn.mark_owed({one.md5 for one in state.saved.quarantine})
            marked = None if _runs(state, seen, md5) else self._turn.marked(md5)
        except LockError as error:
            marked = None
            if error.permanent:  # as with a token that was made for the Go tool: it knows no marks
                self._listener.passed(f"what failed on other hosts is not heeded: {error}")
            elif state.phase is Phase.RECHECKING:  # before, nothing is begun without an engine
                return on.TurnFailed(error=f"what failed on other hosts is not known: {error}")
        return replace(seen, token=found.token, md5=found.md5, version=found.version, marked=marked)

    def _too_slow(self) -> RepoError:
        return RepoError(
            f"the store of {self._rig.service.name} had not answered within "
            f"{_LONGEST_ASK_SECONDS:g} s"
        )

    def _marked(self, md5: Md5 | None) -> str | None:
        with suppress(LockError):
            return self._turn.marked(md5)
        return None

    def _explain(self, error: Exception, state: State) -> None:
        """The whole story, for those who ask for it; the event tells everybody else."""
        if _log.isEnabledFor(logging.DEBUG):
            told = {"service": self._rig.service.name, **words.fields(state)}
            _log.debug("%s", type(error).__name__, exc_info=error, extra=told)

    def _stage(self, _command: do.Stage, state: State) -> on.Completion:
        found = self._found
        if found is None:
            return on.StageFailed(fault=on.StageFault.TRANSIENT, error="nothing was found")
        try:
            activate.probe(self._rig.layout)
            with self._rig.slots.one(self._watch):
                staged = stage.stage(self._request(found), self._rig.source, self._watch, time.time)
        except (OSError, DropshipError) as error:
            self._explain(error, state)
            return self._doubted(_stage_failed(error, found), found, state.saved)
        return on.Staged(release=staged.release, marked=self._marked(staged.release.md5))

    def _doubted(self, event: on.StageFailed, found: Found, saved: Saved) -> on.StageFailed:
        """Bytes that nobody vouches for are refused for good the second time they come.

        Damaged on their way they would look the same, and good ones would go into quarantine.
        """
        refused = event.fault is on.StageFault.REFUSED and event.md5 is not None
        if not refused or event.md5 == saved.doubted or vouched(self._rig, found):
            return event
        told = f"{event.error}; nobody vouches for these bytes, so they are asked for once more"
        return replace(event, fault=on.StageFault.DOUBTED, error=told)

    def _request(self, found: Found) -> stage.StageRequest:
        rig = self._rig
        return stage.StageRequest(
            layout=rig.layout,
            artifact=rig.service.artifact,
            found=found,
            recipe=rig.facts.recipe,
            min_free=rig.min_free,
        )

    def _take_turn(self, _command: do.TakeTurn, state: State) -> on.Completion:
        try:
            target = state.now.target
            self._turn.take(self._watch, target.md5 if target else None)
        except LockError as error:
            self._explain(error, state)
            return on.TurnFailed(error=str(error))
        return on.TurnTaken()

    def _run_hooks(self, command: do.RunHooks, state: State) -> on.Completion:
        if command.fenced:
            try:
                self._turn.certain()
            except LeaseLostError as error:
                return on.LeaseLost(error=str(error), hooks_ran=command.first > 0)
        current = state.saved.current
        installed = current.md5 if current else None
        return self._hooks.run(command, state.now, installed)

    def _flip(self, command: do.Flip, _state: State) -> on.Completion:
        layout = self._rig.layout
        try:
            if command.fenced:
                self._turn.certain()
            if command.adopt is not None:
                adopt.adopt(layout, time.time, command.adopt)
            if command.fenced:  # going back must not fail for what it does not need
                taking.take(self._rig.shared(), command.release.name)
            activate.restore(layout, command.release.name)
        except LeaseLostError as error:
            return on.LeaseLost(error=str(error), hooks_ran=True)
        except (OSError, DropshipError) as error:
            linked = activate.current(layout) == command.release.name
            return on.FlipFailed(error=str(error), linked=linked)
        return on.Flipped()

    def _check_health(self, _command: do.CheckHealth, state: State) -> on.Completion:
        around = Surroundings(
            environ=dict(self._rig.environ),
            watch=self._watch,
            say=self._listener.line,
            begun=partial(self._hooks.record_check, state.now),
        )
        try:
            verify(self._rig.health, around)
        except HealthError as error:
            return on.Unhealthy(error=str(error))
        return on.Healthy()

    def _commit(self, command: do.Commit, _state: State) -> on.Completion:
        store = self._rig.store
        try:
            if self._prepared != command.saved:
                self.prepare(command.saved)
            self._prepared = None
            store.commit()
        except StateError as error:
            return on.SaveFailed(error=str(error))
        return on.Committed()

    _WAYS: Final[dict[type[do.Command], Callable[..., on.Completion]]] = {
        do.Ask: _ask, do.Stage: _stage, do.TakeTurn: _take_turn, do.RunHooks: _run_hooks,
        do.Flip: _flip, do.CheckHealth: _check_health, do.Commit: _commit,
    }  # fmt: skip


def _runs(state: State, seen: on.TokenSeen, md5: Md5 | None) -> bool:
    """These bytes are installed here and work: what they did elsewhere is no reason to complain."""
    current = installed(state, seen)
    return current is not None and (current.md5, current.recipe) == (md5, state.facts.recipe)


def _stage_failed(error: OSError | DropshipError, found: Found) -> on.StageFailed:
    fault: on.StageFault = on.StageFault.TRANSIENT
    md5: Md5 | None = None
    if isinstance(error, MovedError):
        fault = on.StageFault.MOVED
    elif isinstance(error, NoSpaceError):
        fault = on.StageFault.NO_SPACE
    elif isinstance(error, IntegrityError):
        fault = on.StageFault.CORRUPT
    elif isinstance(error, RefusedError):
        fault, md5 = on.StageFault.REFUSED, Md5(error.md5) if error.md5 else None
    wait = error.wait if isinstance(error, RepoError) else 0.0
    return on.StageFailed(fault=fault, error=str(error), wait=wait, token=found.token, md5=md5)
