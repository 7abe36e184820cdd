"""Says that the engine of a turn is away, or back, while whoever holds the turn goes on."""

from __future__ import annotations

import logging

from dropship.core.watch import Progress, Watch
from dropship.deploy.turn import Turn


class Worry:
    """Once for each time that the engine goes away: to the log, and to those who watch."""

    def __init__(
        self, turn: Turn, watch: Watch, log: logging.LoggerAdapter[logging.Logger]
    ) -> None:
        self._turn = turn
        self._watch = watch
        self._log = log
        self._said = ""

    def look(self, *, working: bool) -> None:
        """See how it is; ``working``: something is under way that can be watched."""
        before, self._said = self._said, self._turn.trouble
        if bool(before) == bool(self._said):
            return
        if self._said:
            self._log.warning("goes on, though the turn could not be renewed: %s", self._said)
        if working:
            self._watch.report(Progress())  # the trouble is told with whatever is reported
