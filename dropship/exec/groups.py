"""Process groups of commands: are they alive, and how they are ended.

For the leash, and for a worker that finds in its journal the group of a command which its
predecessor had started. A group outlives its leader as long as it has a member, and the kernel
does not give its number to anybody else until then.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.core.watch import Watch
from dropship.exec.run import ProcessGroup

_POLL: Final = 0.1  # seconds between two looks at a group that is to end


@dataclass(frozen=True, slots=True)
class _Process:
    """Fields 3, 5 and 22 of /proc/PID/stat (proc(5))."""

    pid: int
    state: str
    pgid: int
    started: int


def of(pid: int) -> ProcessGroup:
    """The group that a running process leads.

    Raises:
        ProcessLookupError: There is no such process.
    """
    process = _read(pid)
    if process is None:
        raise ProcessLookupError(pid)
    return ProcessGroup(pid, process.started)


def alive(group: ProcessGroup) -> bool:
    """Whether any process of the group still runs; a zombie does not."""
    leader = _read(group.pgid)
    if leader is not None and leader.started != group.started:
        return False  # the number is somebody else's by now, so ours are all gone
    if leader is not None and leader.state not in "ZX":
        return True
    return any(
        process.pgid == group.pgid
        and process.state not in "ZX"
        and process.started >= group.started
        for process in _all()
    )


def end(group: ProcessGroup, grace: float, watch: Watch | None = None) -> None:
    """End the group: TERM, and KILL to what is left after ``grace`` seconds.

    Without a ``watch`` nothing interrupts it: for somebody who is being stopped already.
    """
    if not _signalled(group, signal.SIGTERM):
        return
    if not _gone_within(group, grace, watch):
        _signalled(group, signal.SIGKILL)
        # KILL cannot be refused; only a process stuck in the kernel takes longer than this.
        _gone_within(group, 1.0, None)


def kill(group: ProcessGroup) -> bool:
    """KILL to whatever is left of the group, at once; False if nothing is."""
    return _signalled(group, signal.SIGKILL)


def _signalled(group: ProcessGroup, number: signal.Signals) -> bool:
    if not alive(group):
        return False
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group.pgid, number)
        # A stopped process hears TERM only when it goes on.
        os.killpg(group.pgid, signal.SIGCONT)
    return True


def _gone_within(group: ProcessGroup, seconds: float, watch: Watch | None) -> bool:
    deadline = time.monotonic() + seconds
    while alive(group):
        if time.monotonic() >= deadline:
            return False
        if watch is None:
            time.sleep(_POLL)
        else:
            watch.wait(_POLL)
    return True


def _all() -> list[_Process]:
    found = (_read(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in found if process is not None]


def _read(pid: int) -> _Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # The name, field 2, stands in parentheses and may hold anything, parentheses too.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return _Process(pid, fields[0].decode(), int(fields[2]), int(fields[19]))
