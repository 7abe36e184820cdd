"""The watch that a driver hands to long work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dropship.core.watch import Progress

if TYPE_CHECKING:
    from dropship.deploy.driver import Driver


class Attention:
    """Implements ``core.watch.Watch``: beats, keeps the lease, lets orders in."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def look(self) -> None:
        """Beat the heart, keep the lease, let orders in."""
        self._driver.let_in()

    def wait(self, seconds: float) -> None:
        """Sleep, attentively."""
        until = time.monotonic() + seconds
        self.look()
        while (left := until - time.monotonic()) > 0:
            self._driver.desk.sleep(min(left, 1.0))
            self.look()

    def report(self, progress: Progress) -> None:
        """Pass it on."""
        self._driver.desk.report(self._driver.state.phase, progress)
