"""Worlds of one's own: unshare(2), setns(2), chroot(2) and what namespaces(7) says of them.

Everything here needs privileges, and is refused in most containers (EPERM), by kernels without
it (EINVAL, ENOSYS) and where ``user.max_*_namespaces`` is used up (ENOSPC).
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

from dropship.linux.libc import LIBC, checked

# <linux/sched.h>
_CLONE_NEWIPC: Final = 0x08000000
_CLONE_NEWPID: Final = 0x20000000
_CLONE_NEWNET: Final = 0x40000000

_unshare = LIBC.unshare
_unshare.argtypes = (ctypes.c_int,)
_unshare.restype = ctypes.c_int

_setns = LIBC.setns
_setns.argtypes = (ctypes.c_int, ctypes.c_int)
_setns.restype = ctypes.c_int


def leave_network() -> None:
    """From here on there is no network device but a loopback that is down; see network_namespaces(7).

    Abstract Unix sockets belong to a network, too: those of the host are out of reach.

    Raises:
        OSError: It is not to be had here.
    """
    checked(_unshare(_CLONE_NEWNET))


def leave_ipc() -> None:
    """From here on no System V shared memory, semaphore or queue of others is there.

    See ipc_namespaces(7).

    Raises:
        OSError: It is not to be had here.
    """
    checked(_unshare(_CLONE_NEWIPC))


def change_root(folder: int) -> None:
    """Make the open folder the root and the working directory.

    A process with CAP_SYS_CHROOT, or with a descriptor of a folder outside, can leave it again:
    give both away.

    Raises:
        OSError: It is not to be had here.
    """
    os.fchdir(folder)
    os.chroot(".")
    os.chdir("/")


def fork() -> int:
    """``os.fork``, but the child is the first process of a PID namespace, where that is to be had.

    There its own number is 1 and its parent's 0, it sees and signals nobody outside, and whatever
    it forks ends with it. Signals without a handler never reach it, but for SIGKILL and SIGSTOP
    from outside and for its own faults; see pid_namespaces(7). The caller stays where it is, must
    have one thread, and gets the number that it knows the child by.

    Raises:
        OSError: There can be no more processes.
    """
    home = _way_home()
    if home is None:
        return os.fork()
    pid = -1
    try:
        pid = os.fork()
    finally:
        if pid != 0:
            _return_to(home)
        os.close(home)
    return pid


def _way_home() -> int | None:
    """This process's PID namespace, once its next child will be born into a new one."""
    try:
        home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Going home is allowed only to who has CAP_SYS_ADMIN in the user namespace that owns it,
        # and leaving asks for less: make sure first, or every later child is born outside.
        checked(_setns(home, _CLONE_NEWPID))
        checked(_unshare(_CLONE_NEWPID))
    except OSError:
        os.close(home)
        return None
    return home


def _return_to(home: int) -> None:
    try:
        checked(_setns(home, _CLONE_NEWPID))
    except OSError as error:
        # It was allowed a moment ago. Going on would put every hook into the child's world, and
        # there can be no more processes once that one has ended.
        raise RuntimeError("the kernel does not let this process have children any more") from error
