"""What a process says of itself and asks of the kernel: prctl(2), its descriptors, its title."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Final

from dropship.linux.libc import LIBC, checked

# <linux/prctl.h>
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NAME: Final = 15
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38

_COMM_BYTES: Final = 15
_EX_TEMPFAIL: Final = 75  # sysexits.h
_NO_DESCRIPTOR: Final = 1 << 31  # they are numbered by int

_prctl = LIBC.prctl
_prctl.argtypes = (
    ctypes.c_int,
    ctypes.c_ulong,
    ctypes.c_ulong,
    ctypes.c_ulong,
    ctypes.c_ulong,
)
_prctl.restype = ctypes.c_int

_close_range = getattr(LIBC, "close_range", None)
if _close_range is not None:
    _close_range.argtypes = (ctypes.c_uint, ctypes.c_uint, ctypes.c_int)

_exit = LIBC["_exit"]
_signal = LIBC.signal
_signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
_signal.restype = ctypes.c_void_p


def prctl(option: int, first: int = 0, second: int = 0) -> int:
    """Ask the kernel something about this process, as in its manual page.

    Raises:
        OSError: The kernel refused.
    """
    return checked(_prctl(option, first, second, 0, 0))


def die_with_parent(parent: int | None = None, number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent ends.

    The parent is the *thread* that forked. The kernel forgets the wish when the process changes
    its user or executes a set-id program: call this last. ``parent`` is the parent's pid as it
    was before the fork: if that one is gone already, the signal would never come, so this
    process sends it to itself.
    """
    prctl(_PR_SET_PDEATHSIG, number)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), number)


def adopt_orphans() -> None:
    """From here on, descendants whose parent ends become this process's children, not init's."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """As ``die_with_parent``, for whom the parent may have no number: in a PID namespace.

    ``parent`` is a pidfd of the parent's, from before the fork (pidfd_open(2)).
    """
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    poll = select.poll()
    poll.register(parent, select.POLLIN)
    if poll.poll(0):
        os._exit(_EX_TEMPFAIL)


def end_after(seconds: int) -> None:
    """End this process when so much time has passed, whatever it is doing then.

    By a handler that is no Python: it runs while the interpreter does not, and, unlike a signal's
    default, in the first process of a PID namespace too (pid_namespaces(7)).
    """
    _signal(signal.SIGALRM, ctypes.cast(_exit, ctypes.c_void_p))
    signal.alarm(seconds)


def no_new_privs() -> None:
    """From here on no execve can give this process or its children more privileges."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def not_dumpable() -> None:
    """No core file, and no other process of this user may look into this one."""
    prctl(_PR_SET_DUMPABLE, 0)


def set_title(title: str) -> None:
    """Show ``title`` in ``ps`` and ``top``: as far as it fits over the argv the process came with.

    Best effort: a kernel that refuses leaves the old title.
    """
    name = ctypes.create_string_buffer(title.encode()[:_COMM_BYTES])
    _prctl(_PR_SET_NAME, ctypes.cast(name, ctypes.c_void_p).value or 0, 0, 0, 0)
    with contextlib.suppress(OSError, ValueError, IndexError):
        _overwrite_argv(title.encode())


def _overwrite_argv(title: bytes) -> None:
    """Write over the stack's copy of argv, which is what /proc/PID/cmdline shows."""
    start, room = argv()
    if start and room:
        ctypes.memmove(start, title[: room - 1].ljust(room, b"\0"), room)


@cache
def argv() -> tuple[int, int]:
    """Where the stack's copy of argv is, and how many bytes; the same in a fork.

    Fields 48 and 49 of /proc/self/stat (arg_start, arg_end); see proc(5).
    """
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    return start, max(0, end - start)


def umask() -> int:
    """This process's umask, without the moment of another one that ``os.umask`` needs.

    Line "Umask:" of /proc/self/status, there since Linux 4.7.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("\nUmask:")[2].split(maxsplit=1)[0], 8)


def close_descriptors(keep: Collection[int]) -> None:
    """Close every descriptor but those in ``keep``, also those above a lowered limit."""
    ends = sorted(keep)
    gaps = zip([-1, *ends], [*ends, _NO_DESCRIPTOR], strict=True)
    for before, after in gaps:
        if before + 1 < after:
            _close_between(before + 1, after - 1)


def _close_between(first: int, last: int) -> None:
    """close_range(2), there since Linux 5.9 and glibc 2.34: a supervisor of 1,000 has 2,000."""
    if _close_range is not None and _close_range(first, last, 0) == 0:
        return
    for fd in [int(one.name) for one in Path("/proc/self/fd").iterdir()]:
        if first <= fd <= last:
            with contextlib.suppress(OSError):  # the listing's own descriptor is gone by now
                os.close(fd)
