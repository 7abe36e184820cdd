"""A ``Watch`` for a command that has nobody to attend to, and nobody to tell."""

from __future__ import annotations

import time

from dropship.core.watch import Progress


class Alone:
    """Implements ``core.watch.Watch``."""

    def look(self) -> None:
        """Nobody calls."""

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def report(self, progress: Progress) -> None:
        """Nobody listens."""
