"""Locking the unpacker up, one layer after the other, as far as this process is allowed to.

``enter`` is called in the forked child before it reads a byte. Each layer is a function that
returns whether it is active; what is not to be had here (ENOSYS, EPERM: containers) is left out
of the list that is reported, never silently assumed.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.linux import process

_OPEN_FILES: Final = 512
_ROOM: Final = 1 << 30
"""Address space on top of what the worker had mapped: stacks and arenas of two threads, mostly."""

_GRACE_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the unpacker may use. ``parent``: the pid that forked it."""

    parent: int
    file_bytes: int
    seconds: float


def take_pipes(data: int, report: int) -> None:
    """Let the two pipes be all this process has: input as 0, output as 1 and 2.

    Standard error is the report pipe too: whatever a dying interpreter says reaches the worker
    as a line that is no report.
    """
    data, report = _high(data), _high(report)
    os.dup2(data, 0)
    os.dup2(report, 1)
    os.dup2(report, 2)
    process.close_descriptors(keep=(0, 1, 2))


def forget_parent() -> None:
    """Drop what a fork inherits: signal handlers, the terminal, the collector's work."""
    # Its dump would go to a descriptor that is a file of the artifact's by then.
    faulthandler.disable()
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP) and callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # They were blocked over the fork, so that no handler of the worker's ran in here.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()
    # It lives for one archive and frees everything by ending.
    gc.disable()


def enter(bounds: Bounds) -> tuple[str, ...]:
    """Close the doors, the outermost first; the names of the layers that are active."""
    layers: tuple[tuple[str, Callable[[Bounds], None]], ...] = (
        ("no_new_privs", _no_new_privs),
        ("rlimits", _limit),
        # Last: a change of user would make the kernel forget it.
        ("pdeathsig", _die_with_parent),
    )
    return tuple(name for name, layer in layers if _active(layer, bounds))


def _active(layer: Callable[[Bounds], None], bounds: Bounds) -> bool:
    try:
        layer(bounds)
    except (OSError, ValueError):
        return False
    return True


def _no_new_privs(_bounds: Bounds) -> None:
    process.no_new_privs()


def _die_with_parent(bounds: Bounds) -> None:
    process.die_with_parent(bounds.parent)


def _limit(bounds: Bounds) -> None:
    seconds = int(bounds.seconds) + _GRACE_SECONDS
    # The worker counts the time; should it hang itself, this ends the unpacker all the same.
    signal.alarm(seconds)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_FSIZE, bounds.file_bytes + 1)
    _lower(resource.RLIMIT_CPU, 2 * seconds)  # two threads
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + _ROOM)


def _lower(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _high(fd: int) -> int:
    """The same file under a number above the standard three."""
    copy = os.dup(fd)
    return copy if copy > 2 else _high(copy)
