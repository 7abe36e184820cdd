"""A bound on how fast an artifact comes: ``maxRate``."""

from __future__ import annotations

import time
from typing import Final

from dropship.core.values import Size
from dropship.repos import Body

_SLICE: Final = 0.25  # seconds, so that whoever reads can look around often enough


def paced(body: Body, rate: Size | None) -> Body:
    """``body`` itself, or one that gives no more than ``rate`` bytes a second."""
    return PacedBody(body, rate.bytes) if rate and rate.bytes > 0 else body


class PacedBody:
    """A body that comes in slices, each when it is due."""

    def __init__(self, body: Body, rate: int) -> None:
        self._body = body
        self._rate = rate
        self._due = time.monotonic()

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer`` with a slice at most, once it is due; waits a quarter of a second or so.

        Raises:
            RepoError: As the body itself.
        """
        most = max(1, int(self._rate * _SLICE))
        time.sleep(max(0.0, self._due - time.monotonic()))
        count = self._body.readinto(buffer[:most])
        # A slice's time that was lost is made up for: sleeps are never exact, and many short ones
        # (16 KiB come at a time over TLS) would add up. More is not: a bound, not an average.
        self._due = max(self._due, time.monotonic() - _SLICE) + count / self._rate
        return count

    def close(self) -> None:
        """Let go of the connection."""
        self._body.close()
