"""Process groups of commands: are they alive, and how they are ended.

For the leash, and for a worker that finds in its journal the group of a command which its
predecessor had started. A group outlives its leader as long as it has a member, and the kernel
does not give its number to anybody else until then.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from dropship.core.watch import Watch
from dropship.exec.run import ProcessGroup

_POLL: Final = 0.1  # seconds between two looks at a group that is to end
_PROC: Final = Path("/proc")


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
    return ProcessGroup(pid, process.started, _boot())


def alive(group: ProcessGroup) -> bool:
    """Whether any process of the group still runs; a zombie does not.

    A chain of processes, each of which forks the next one and exits, can slip through beside a
    zombie: see ``sweep``.
    """
    leader = _read(group.pgid)
    if _is_strangers(group, leader):
        return False  # the number is somebody else's by now, so ours are all gone
    if leader is not None and leader.state not in "ZX":
        return True
    return _has_members(group.pgid) and _seen_alive(group)


def _is_strangers(group: ProcessGroup, leader: _Process | None) -> bool:
    if group.boot and group.boot != _boot():
        return True
    return leader is not None and leader.started != group.started


@cache
def _boot() -> str:
    """What no other boot of this machine is called; random(4). Empty where that is hidden."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _has_members(pgid: int) -> bool:
    """What the kernel says: zombies count, and nobody is overlooked."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _seen_alive(group: ProcessGroup) -> bool:
    """Whether a look around finds somebody of the group who is no zombie.

    Nobody at all is somebody, too: the kernel knows of one who was faster than we look, or who is
    hidden from us (``hidepid`` of proc(5)).
    """
    states = [
        one.state for one in _all() if one.pgid == group.pgid and one.started >= group.started
    ]
    return not states or any(state not in "ZX" for state in states)


def end(group: ProcessGroup, grace: float, watch: Watch | None = None) -> None:
    """End the group: TERM, and KILL to what is left after ``grace`` seconds.

    Without a ``watch`` nothing interrupts it: for somebody who is being stopped already.
    """
    if _signalled(group, signal.SIGTERM) and not _gone_within(group, grace, watch):
        _signalled(group, signal.SIGKILL)
        # KILL cannot be refused; only a process stuck in the kernel takes longer than this.
        _gone_within(group, 1.0, None)
    sweep(group)


def sweep(group: ProcessGroup) -> None:
    """KILL to whoever is in the group unseen, once it does not seem to be alive.

    Nobody who looks at one process after the other can be sure of a chain; the kernel, which
    lets nobody fork meanwhile, can.
    """
    if not _is_strangers(group, _read(group.pgid)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group.pgid, signal.SIGKILL)


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


def _all() -> Iterator[_Process]:
    # The newest first: who forks and exits all the time is gone a moment after the listing.
    pids = sorted((int(one.name) for one in _PROC.iterdir() if one.name.isdigit()), reverse=True)
    return (process for process in map(_read, pids) if process is not None)


def _read(pid: int) -> _Process | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # The name, field 2, stands in parentheses and may hold anything, parentheses too.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return _Process(pid, fields[0].decode(), int(fields[2]), int(fields[19]))
