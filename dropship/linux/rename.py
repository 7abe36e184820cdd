"""renameat2(2): the exchange of two names in one atomic step, and renames that replace nothing."""

from __future__ import annotations

import ctypes
import os
from typing import Final

from dropship.linux.libc import LIBC, checked

_NOREPLACE: Final = 1
_EXCHANGE: Final = 2
_AT_FDCWD: Final = -100

_renameat2 = LIBC.renameat2
_renameat2.argtypes = (
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_uint,
)
_renameat2.restype = ctypes.c_int

Path = str | os.PathLike[str]


def exchange(
    first: Path, second: Path, *, first_dir_fd: int = _AT_FDCWD, second_dir_fd: int = _AT_FDCWD
) -> None:
    """Let the two names swap what they stand for; both must exist, of whatever kind.

    Raises:
        OSError: EINVAL or ENOSYS where the file system or kernel cannot; EXDEV across file
            systems (and for folders of a lower overlay layer); else as rename(2).
    """
    _call(first, first_dir_fd, second, second_dir_fd, _EXCHANGE)


def move(
    first: Path, second: Path, *, first_dir_fd: int = _AT_FDCWD, second_dir_fd: int = _AT_FDCWD
) -> None:
    """Rename, but never over anything.

    Raises:
        OSError: EEXIST if ``second`` is there; else as ``exchange``.
    """
    _call(first, first_dir_fd, second, second_dir_fd, _NOREPLACE)


def _call(first: Path, first_fd: int, second: Path, second_fd: int, flags: int) -> None:
    result = _renameat2(first_fd, os.fsencode(first), second_fd, os.fsencode(second), flags)
    checked(result, first, second)
