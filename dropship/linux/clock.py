"""Whether anybody keeps this host's clock: adjtimex(2), which timedatectl(1) asks, too."""

from __future__ import annotations

import ctypes
from typing import Final

from dropship.linux.libc import LIBC, checked

_STA_UNSYNC: Final = 0x0040  # <linux/timex.h>
_TIME_ERROR: Final = 5


class _Timex(ctypes.Structure):
    """struct timex of <sys/timex.h>; what is behind ``status`` is not looked at."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("others", ctypes.c_long * 32),
    )


_adjtimex = LIBC.adjtimex
_adjtimex.argtypes = (ctypes.POINTER(_Timex),)
_adjtimex.restype = ctypes.c_int


def synchronised() -> bool:
    """Whether the kernel was told lately that the clock is right; changes nothing, needs nothing.

    Raises:
        OSError: The kernel does not say, as in some sandboxes.
    """
    found = _Timex(modes=0)
    state = checked(_adjtimex(ctypes.byref(found)))
    return state != _TIME_ERROR and not found.status & _STA_UNSYNC
