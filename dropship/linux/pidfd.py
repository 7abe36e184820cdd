"""Processes told from later ones of the same number: by pidfd and by start time."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from pathlib import Path


def started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (field 22 of /proc/PID/stat).

    Returns:
        None if there is no such process.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[19])


def kill_and_wait(pid: int, start: int, seconds: float) -> bool:
    """Kill the process ``pid`` if it is the one that started at ``start``, and see it end.

    Returns:
        Whether it is gone; a zombie that its parent does not reap counts as gone.
    """
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if started(pid) != start:
            return True
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        return wait(fd, seconds)
    finally:
        os.close(fd)


def wait(fd: int, seconds: float) -> bool:
    """Wait until the process behind a pidfd has ended, reaped or not; False if time is up."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0, round(seconds * 1000))))
