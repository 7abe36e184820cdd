"""Performs the short commands of the table that touch disk or turn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dropship.core import commands as do
from dropship.core.saved import Journal, Saved, Seconds
from dropship.core.situation import State
from dropship.core.watch import Watch
from dropship.deploy import words
from dropship.deploy.perform import Performer
from dropship.deploy.rig import Rig
from dropship.deploy.turn import Turn
from dropship.install import activate, adopt, retention, stage


class Chores:
    """Performs for one service; who calls it decides what a failure means."""

    def __init__(
        self,
        rig: Rig,
        turn: Turn,
        performer: Performer,
        watch: Watch,
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._rig = rig
        self._turn = turn
        self._performer = performer
        self._watch = watch
        self._log = log
        self._following: Journal | None = None

    def perform(self, command: do.Command, state: State) -> None:
        """Do it.

        Raises:
            DropshipError: It could not be done.
            OSError: Likewise.
        """
        if isinstance(command, do.Sweep):
            self._sweep(state)
        else:
            self._WAYS[type(command)](self, command)

    def _sweep(self, state: State) -> None:
        known = {one.name for one in state.saved.releases}
        target = state.attempt.target if state.attempt else None
        keep = known | ({target.name} if target else set())
        stage.sweep(self._rig.layout, keep, self._watch)

    def _put_back(self, command: do.PutBack) -> None:
        activate.restore(self._rig.layout, command.release.name)
        self._log.warning(
            "the link %s was gone and is back at %s",
            self._rig.layout.destination,
            command.release.name,
        )

    def _discard(self, command: do.Discard) -> None:
        stage.discard(self._rig.layout, command.release, self._watch)

    def _leave_turn(self, _command: do.LeaveTurn) -> None:
        self._turn.leave()

    def _write_journal(self, command: do.WriteJournal) -> None:
        store, prepared, self._following = self._rig.store, self._following, None
        if command.next is not None:
            self._performer.prepare(command.next)
        if prepared is not None and _timeless(prepared) == _timeless(command.journal):
            store.journal_commit()
        else:
            store.journal_write(command.journal)
        if command.following is not None:
            store.journal_prepare(command.following)
            self._following = command.following

    def _remove_journal(self, _command: do.RemoveJournal) -> None:
        self._rig.store.journal_remove()
        self._rig.store.hook_remove()

    def _save(self, command: do.Save) -> None:
        self._performer.forget_prepared()  # it is written over
        self._rig.store.save(command.saved)

    def _record(self, command: do.Record) -> None:
        words.log_outcome(self._log, command.entry)
        newest = self._rig.store.history(1)
        if not newest or newest[0].id != command.entry.id:
            self._rig.store.history_append(command.entry)

    def _mark(self, command: do.Mark) -> None:
        self._turn.mark(command.release.md5, command.error)

    def _prune(self, command: do.Prune) -> None:
        self._tell_left_behind(command.saved)
        names = {one.name for one in command.saved.releases}
        retention.prune(self._rig.layout, names, self._watch)

    def _tell_left_behind(self, saved: Saved) -> None:
        """What stood at the destination before may hold data that nobody deployed."""
        layout, old, new = self._rig.layout, saved.previous, saved.current
        if old is None or new is None or not old.adopted:
            return
        left = adopt.left_behind(layout, old.name, layout.release(new.name))
        if left:
            self._log.warning(
                "%s held %d files that the new release has not; they are kept in %s, "
                "and are not part of the service any more; name what is in `shared`",
                layout.destination, left, layout.release(old.name),
            )  # fmt: skip

    _WAYS: Final[dict[type[do.Command], Callable[..., None]]] = {
        do.PutBack: _put_back,
        do.Discard: _discard,
        do.LeaveTurn: _leave_turn,
        do.WriteJournal: _write_journal,
        do.RemoveJournal: _remove_journal,
        do.Save: _save,
        do.Record: _record,
        do.Mark: _mark,
        do.Prune: _prune,
    }


def _timeless(journal: Journal) -> Journal:
    """The journal without how long things took: no recovery depends on that."""
    return replace(journal, attempt=replace(journal.attempt, seconds=Seconds()))
