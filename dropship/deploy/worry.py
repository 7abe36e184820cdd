"""Says that the engine of a turn is away, or back, or the turn lost, while its holder goes on."""

from __future__ import annotations

import logging

from dropship.core.watch import Progress, Watch
from dropship.deploy.turn import Turn


class Worry:
    """Once for each time that things change: to the log, and to those who watch."""

    def __init__(
        self, turn: Turn, watch: Watch, log: logging.LoggerAdapter[logging.Logger]
    ) -> None:
        self._turn = turn
        self._watch = watch
        self._log = log
        self._before = (False, False)

    def look(self, *, working: bool) -> None:
        """See how it is; ``working``: something is under way that can be watched."""
        trouble, lost = self._turn.trouble, self._turn.lost is not None
        before, self._before = self._before, (bool(trouble), lost)
        if before == self._before:
            return
        if trouble and not lost:  # a loss is told by whoever decides what follows from it
            self._log.warning("goes on, though the turn could not be renewed: %s", trouble)
        if working:
            self._watch.report(Progress())  # the trouble is told with whatever is reported
