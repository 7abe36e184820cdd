"""The watch that a driver hands to long work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from dropship.core.phase import Phase
from dropship.core.watch import Progress
from dropship.deploy.desk import Desk


class Attention:
    """Implements ``core.watch.Watch``: beats, keeps the lease, lets orders in.

    ``let_in`` is the driver's for all of that, ``phase`` tells what it is at, ``trouble`` what is
    wrong with the turn that is held meanwhile; whatever is reported, that is told as well.
    """

    def __init__(
        self,
        desk: Desk,
        let_in: Callable[[], None],
        phase: Callable[[], Phase],
        trouble: Callable[[], str],
    ) -> None:
        self._desk = desk
        self._phase = phase
        self._trouble = trouble
        self.look = let_in

    def wait(self, seconds: float) -> None:
        """Sleep, attentively."""
        until = time.monotonic() + seconds
        self.look()
        while (left := until - time.monotonic()) > 0:
            self._desk.sleep(min(left, 1.0))
            self.look()

    def report(self, progress: Progress) -> None:
        """Pass it on."""
        note = "; ".join(filter(None, (progress.note, self._trouble())))
        self._desk.report(self._phase(), replace(progress, note=note))
