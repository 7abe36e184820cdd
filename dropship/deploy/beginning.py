"""What a driver finds when it takes a service over, and what it ends before it begins."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from dropship.core import commands as do
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Journal
from dropship.core.values import Duration
from dropship.core.watch import Watch
from dropship.deploy import ground
from dropship.deploy.hooks import await_leftover
from dropship.deploy.rig import Rig
from dropship.errors import ActivationError, StateError
from dropship.exec import groups
from dropship.install import activate, adopt
from dropship.state.hook_mark import HookMark

KINDS: Final[dict[Phase, do.HookKind]] = {
    Phase.BEFORE: "before",
    Phase.ACTIVATING: "after",
    Phase.AFTER: "after",
    Phase.UNDO_BEFORE: "before",
    Phase.UNDO_AFTER: "after",
    Phase.UNDO_NOTIFY: "failed",
}
"""Which hooks a phase runs; a driver that died while switching may have begun the after hooks."""


class Beginning:
    """The beginning of one driver; ``say`` hears what is left of a hook."""

    def __init__(
        self,
        rig: Rig,
        watch: Watch,
        log: logging.LoggerAdapter[logging.Logger],
        say: Callable[[str], None],
    ) -> None:
        self._rig = rig
        self._watch = watch
        self._log = log
        self._say = say

    def started(self) -> on.Started:
        """What is found; nothing of a hook that another driver began is running any more.

        Raises:
            StateError: State or journal cannot be read.
            InterruptedByStop: A stop was asked for while a hook was waited for.
        """
        store, layout = self._rig.store, self._rig.layout
        disk, journal = store.load(), store.journal_read()
        saved = ground.known(layout, disk, journal, self._log)
        if journal is None:
            # Its mark goes after the journal: a kill between the two leaves it behind. So does a
            # kill before the journal leaves one that was only prepared.
            with suppress(StateError):
                store.journal_remove()
            self._end_by_hand()
            return on.Started(saved=saved, mended=saved != disk)
        self._log.warning("recovering an update that was cut off while %s", journal.phase.value)
        with suppress(OSError, ActivationError):
            adopt.finish(layout)
        target = journal.attempt.target
        return on.Started(
            saved=saved,
            mended=saved != disk,
            journal=self._after_hook(journal),
            linked_to_target=target is not None and activate.current(layout) == target.name,
        )

    def _end_by_hand(self) -> None:
        """Nothing is running any more of a hook whose driver died while it ran by hand."""
        with suppress(StateError):
            mark = self._rig.store.hook_read()
            if mark is not None:
                self._await(mark)
            self._rig.store.hook_remove()

    def _after_hook(self, journal: Journal) -> Journal:
        """Nothing of a hook is running any more; where its kind's hooks go on."""
        mark = self._rig.store.hook_read()
        if mark is None or mark.update != journal.attempt.id:
            return journal
        self._await(mark)
        undoing = journal.phase.value.startswith("undo")
        if KINDS.get(journal.phase) != mark.kind or mark.rollback != undoing:
            return journal
        return replace(journal, hook=max(journal.hook, mark.index))

    def _await(self, mark: HookMark) -> None:
        if mark.group is not None and groups.alive(mark.group):
            what = "waiting for what is left of a %s command, process group %d, at most %s"
            self._log.warning(what, mark.kind, mark.group.pgid, Duration.of(mark.timeout))
        await_leftover(mark, self._watch, self._say)
