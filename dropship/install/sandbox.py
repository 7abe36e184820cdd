"""Locking the unpacker up, one layer after the other, as far as this process is allowed to.

``enter`` is called in the forked child before it reads a byte. A layer is one or more steps; it
is active if all of them worked. What is not to be had here (ENOSYS, EPERM, used-up limits:
containers) is left out of the list that is reported, never silently assumed. Only another user is
no matter of luck: an artifact that has an owner is unpacked as that owner or not at all.

Nothing is imported after ``enter``, and no file of the host is opened: there is none any more.
"""

from __future__ import annotations

import codecs
import errno
import faulthandler
import gc
import os
import resource
import signal
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.install.owner import Account
from dropship.linux import capabilities, landlock, namespaces, process

LAYERS: Final = (
    "network-namespace",
    "ipc-namespace",
    "pid-namespace",
    "chroot",
    "user",
    "capabilities",
    "no_new_privs",
    "landlock",
    "rlimits",
    "pdeathsig",
)
"""The names of all layers; ``user`` is there only where the artifact has an owner or a group."""

# Python imports the module of a codec at its first use; after ``enter`` it could not.
for _codec in ("unicode_escape", "ascii", "latin-1", "cp437"):
    codecs.lookup(_codec)

_OPEN_FILES: Final = 512
_ROOM: Final = 1 << 30
"""Address space on top of what the worker had mapped: stacks and arenas of three threads, mostly."""

_GRACE_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the unpacker may use.

    Attributes:
        parent: A pidfd of the process that forked it.
        folder: A descriptor of the only folder that it may write to.
        account: Who it becomes, where that is somebody else.
        mapped: Bytes of address space that it has from its parent.
    """

    parent: int
    folder: int
    account: Account | None
    file_bytes: int
    seconds: float
    mapped: int


def take_pipes(data: int, report: int, keep: Collection[int]) -> None:
    """Let the two pipes be all this process has, besides ``keep``: input 0, output 1 and 2.

    Standard error is the report pipe too: whatever a dying interpreter says reaches the worker
    as a line that is no report.
    """
    data, report = _high(data), _high(report)
    os.dup2(data, 0)
    os.dup2(report, 1)
    os.dup2(report, 2)
    process.close_descriptors(keep={0, 1, 2, *keep})


def forget_parent() -> None:
    """Drop what a fork inherits: signal handlers, the terminal, the collector's work."""
    # Its dump would go to a descriptor that is a file of the artifact's by then.
    faulthandler.disable()
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP) and callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    # Ignored, it would have the kernel reap the second process before anybody asked how it ended.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # They were blocked over the fork, so that no handler of the worker's ran in here.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()
    # It lives for one archive and frees everything by ending.
    gc.disable()


def mapped() -> int:
    """Bytes of address space that this process has; reads /proc, so before ``enter``."""
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * resource.getpagesize()


def enter(bounds: Bounds, without: Collection[str] = ()) -> tuple[str, ...]:
    """Close the doors, the outermost first; the names of the layers that are active.

    ``without`` leaves layers out, so that a test can see that the others hold by themselves.

    Raises:
        OSError: It could not become the account that it is to be.
    """
    missing = {*without}
    for name, step in _STEPS:
        if name not in without and not _works(step, bounds):
            missing.add(name)
    if bounds.account is None:
        missing.add("user")
    return tuple(name for name in LAYERS if name not in missing)


def _works(step: Callable[[Bounds], None], bounds: Bounds) -> bool:
    try:
        step(bounds)
    except (OSError, ValueError):
        if step is _become:
            raise
        return False
    return True


def _no_network(_bounds: Bounds) -> None:
    namespaces.leave_network()


def _no_ipc(_bounds: Bounds) -> None:
    namespaces.leave_ipc()


def _no_others(_bounds: Bounds) -> None:
    """It was born that way, or not; see ``namespaces.fork``."""
    if os.getpid() != 1:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def _own_root(bounds: Bounds) -> None:
    namespaces.change_root(bounds.folder)


def _empty_bounding_set(_bounds: Bounds) -> None:
    capabilities.empty_bounding_set()


def _become(bounds: Bounds) -> None:
    if bounds.account is None:
        return
    os.setgroups(())
    # All three of each: nobody may signal or trace it who is not also the account.
    os.setresgid(*(bounds.account.gid,) * 3)
    os.setresuid(*(bounds.account.uid,) * 3)


def _drop_capabilities(_bounds: Bounds) -> None:
    capabilities.drop_all()


def _no_new_privs(_bounds: Bounds) -> None:
    process.no_new_privs()


def _only_own_files(bounds: Bounds) -> None:
    # Before that, no hard link to another folder could be made: archives would fail that are well.
    if landlock.abi() < landlock.LINKS_ABI:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    landlock.only_below(bounds.folder)


def _limit(bounds: Bounds) -> None:
    seconds = int(bounds.seconds) + _GRACE_SECONDS
    # The worker counts the time; should it hang itself, this ends the unpacker all the same.
    process.end_after(seconds)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_FSIZE, bounds.file_bytes + 1)
    _lower(resource.RLIMIT_CPU, 3 * seconds)  # three threads
    _lower(resource.RLIMIT_AS, bounds.mapped + _ROOM)


def _die_with_parent(bounds: Bounds) -> None:
    process.die_with(bounds.parent)


_STEPS: Final[tuple[tuple[str, Callable[[Bounds], None]], ...]] = (
    ("network-namespace", _no_network),
    ("ipc-namespace", _no_ipc),
    ("pid-namespace", _no_others),
    ("chroot", _own_root),
    # Two steps: this one is for who still has privileges, the other also for who has none.
    ("capabilities", _empty_bounding_set),
    ("user", _become),
    ("capabilities", _drop_capabilities),
    ("no_new_privs", _no_new_privs),
    ("landlock", _only_own_files),
    ("rlimits", _limit),
    # Last: a change of user would make the kernel forget it.
    ("pdeathsig", _die_with_parent),
)


def _lower(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _high(fd: int) -> int:
    """The same file under a number above the standard three."""
    copy = os.dup(fd)
    return copy if copy > 2 else _high(copy)
