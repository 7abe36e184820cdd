"""One wait for a turn: who is waited for is said, pauses are at random, and it ends in time."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from dropship.core.watch import Progress, Watch
from dropship.errors import LockError


class Patience:
    """Waits for a turn of ``scope``, ``timeout`` seconds at most; interrupted by ``watch``.

    ``pause``: the shortest and the longest one, in seconds; hosts must not beat in step.
    """

    def __init__(
        self, scope: str, timeout: float, watch: Watch, pause: tuple[float, float]
    ) -> None:
        self._scope = scope
        self._timeout = timeout
        self._watch = watch
        self._pause = pause
        self._deadline = time.monotonic() + timeout

    @property
    def left(self) -> float:
        """Seconds; not above 0 when it is over."""
        return self._deadline - time.monotonic()

    def tell(self, holders: Sequence[str]) -> None:
        """Say who is waited for.

        Raises:
            LockError: The time is over.
        """
        if self.left <= 0:
            by = f", held by {', '.join(holders)}" if holders else ""
            raise LockError(f"no turn of {self._scope} within {self._timeout:g} s{by}")
        self._watch.report(Progress(waiting_for=tuple(holders)))

    def rest(self) -> None:
        """Pause."""
        self._watch.wait(min(random.uniform(*self._pause), max(0.0, self.left)))  # noqa: S311 - nobody guards a secret with it
