"""What a process uses: one file of /proc, however many processes there are to ask about."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final, NamedTuple

# Fields of /proc/PID/stat behind the name, which may hold anything; see proc(5).
_UTIME: Final = 11
_STIME: Final = 12
_RSS: Final = 21
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """Resident bytes, and seconds of CPU since its start."""

    rss: int
    cpu: float


def usage(pid: int) -> Usage | None:
    """What a process uses; None if there is none, or none that may be looked at."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    pages, ticks = int(fields[_RSS]), int(fields[_UTIME]) + int(fields[_STIME])
    return Usage(pages * resource.getpagesize(), ticks / _TICKS)
