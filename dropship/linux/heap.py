"""The C library's heap."""

from __future__ import annotations

import ctypes

from dropship.linux.libc import LIBC

_trim = getattr(LIBC, "malloc_trim", None)  # glibc has it
if _trim is not None:
    _trim.argtypes = (ctypes.c_size_t,)


def trim() -> None:
    """Give back to the kernel what is free of it, wherever that is (malloc_trim(3))."""
    if _trim is not None:
        _trim(0)
