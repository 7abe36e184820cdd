"""The C library, for the few calls that ``os`` does not have. glibc 2.28 (2018) and later."""

from __future__ import annotations

import ctypes
import os
from typing import Final

# The symbols of the running program: needs no ldconfig, no file name, works in a chroot.
LIBC: Final = ctypes.CDLL(None, use_errno=True)


def checked(result: int, *paths: str | os.PathLike[str] | None) -> int:
    """Pass on what a call returned, or raise its errno as the ``OSError`` that ``os`` would.

    Raises:
        OSError: The call returned -1.
    """
    if result == -1:
        number = ctypes.get_errno()
        first, second = (*paths, None, None)[:2]
        raise OSError(number, os.strerror(number), first, None, second)
    return result
