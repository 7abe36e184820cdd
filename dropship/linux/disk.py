"""Writing a whole file system out: syncfs(2)."""

from __future__ import annotations

import ctypes

from dropship.linux.libc import LIBC, checked

_syncfs = LIBC.syncfs
_syncfs.argtypes = (ctypes.c_int,)
_syncfs.restype = ctypes.c_int


def syncfs(fd: int) -> None:
    """Write out everything of the file system that ``fd`` is on; one call instead of a fsync a file.

    Raises:
        OSError: Writing failed (kernel 5.8 and later tell).
    """
    checked(_syncfs(fd))
