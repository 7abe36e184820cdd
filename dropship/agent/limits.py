"""What a worker may use: open files (its own limit), memory (watched by the supervisor)."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable
from typing import Final

import psutil

from dropship.config.model import WorkerLimits
from dropship.core.values import Size
from dropship.linux import oom

INTERVAL: Final = 10.0
"""Seconds between two looks at the workers' memory."""


class OomKills:
    """Tells whether the kernel's OOM killer has struck just now.

    Whom is written in the kernel's log, which is not everybody's to read. The counter of our control
    group would tell no more than the machine's: hooks and unpackers are in it, too.
    """

    def __init__(self, count: Callable[[], int] = oom.kills) -> None:
        self._count = count
        self._before = self._last = count()

    def look(self) -> None:
        """Called every ``INTERVAL``."""
        self._before, self._last = self._last, self._count()

    def lately(self) -> bool:
        """Within the last ``INTERVAL`` or two.

        One alone would not do: what is killed dies a moment after it was counted.
        """
        return self._count() > self._before


def apply(limits: WorkerLimits) -> None:
    """Set the calling process's own limits."""
    if limits.nofile is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = limits.nofile if hard == resource.RLIM_INFINITY else min(limits.nofile, hard)
    # Not more than its parent may have: asking for more is no reason not to work.
    with contextlib.suppress(ValueError, OSError):
        # The soft one only: an unpacker, alive for one update, raises its own.
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(pid: int) -> Size | None:
    """What a process holds in memory (resident); None if it is gone."""
    try:
        return Size(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def over(limits: WorkerLimits, pid: int) -> Size | None:
    """What the process holds, if that is over its limit."""
    if limits.memory is None:
        return None
    used = memory(pid)
    return used if used is not None and used > limits.memory else None
