"""Open file description locks: they belong to the open file, not to the process.

Unlike POSIX record locks they are not lost when some other descriptor of the file is closed, and
unlike ``flock`` they work over NFS. The kernel gives them back when the last copy of the
descriptor is closed, however the process ends. See fcntl(2), "Open file description locks".
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import Final

# Linux's uapi numbers, the same on every architecture; Python names them only from 3.9 on with
# a new enough header.
_F_OFD_SETLK: Final = 37
_F_OFD_SETLKW: Final = 38

# struct flock of 64-bit Linux: short l_type, short l_whence, off_t l_start, off_t l_len,
# pid_t l_pid (must be 0 for these commands), padded to 32 bytes.
_FLOCK: Final = struct.Struct("hhqqi4x")


def lock_exclusive(fd: int, blocking: bool = False) -> bool:  # noqa: FBT001, FBT002 - agreed signature
    """Take the exclusive lock on the whole file; ``fd`` must be open for writing.

    Returns:
        Whether the lock is held now; never False where ``blocking``.

    Raises:
        OSError: The file system has no locks, or a signal's handler raised.
    """
    try:
        fcntl.fcntl(fd, _F_OFD_SETLKW if blocking else _F_OFD_SETLK, _flock(fcntl.F_WRLCK))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def unlock(fd: int) -> None:
    """Give the lock back; closing the last copy of ``fd`` does the same."""
    fcntl.fcntl(fd, _F_OFD_SETLK, _flock(fcntl.F_UNLCK))


def _flock(kind: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0)
