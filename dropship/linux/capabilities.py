"""Giving every privilege of root away, and none back: capabilities(7), capset(2), prctl(2)."""

from __future__ import annotations

import contextlib
import ctypes
import errno
from typing import Final

from dropship.linux.libc import LIBC, checked
from dropship.linux.process import prctl

# <linux/prctl.h>
_PR_CAPBSET_READ: Final = 23
_PR_CAPBSET_DROP: Final = 24
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4

# <linux/capability.h>: the version whose sets are two words of 32 bits each.
_VERSION_3: Final = 0x20080522
_MOST: Final = 64


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


_capset = LIBC.capset
_capset.argtypes = (ctypes.POINTER(_Header), ctypes.POINTER(_Sets))
_capset.restype = ctypes.c_int


def empty_bounding_set() -> None:
    """No program that this process executes can gain a capability, not even as user 0.

    Needs CAP_SETPCAP, so it comes before everything that costs it; without it nothing is changed.
    """
    for number in range(_MOST):
        try:
            if prctl(_PR_CAPBSET_READ, number):
                prctl(_PR_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno == errno.EINVAL:  # this kernel knows no more of them
                return
            if error.errno == errno.EPERM:
                return
            raise


def drop_all() -> None:
    """Be an ordinary process, whoever the user is: effective, permitted, inheritable, ambient.

    Raises:
        OSError: The kernel refused.
    """
    with contextlib.suppress(OSError):  # before Linux 4.3 there are none
        prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    checked(_capset(_Header(_VERSION_3, 0), (_Sets * 2)()))
