"""Landlock: a process forbids itself files, TCP and signals, without any privilege.

landlock(7) and https://docs.kernel.org/userspace-api/landlock.html. What can be forbidden depends
on the kernel's ABI version; whatever it knows is handled here, and what is handled and not
allowed is forbidden. It does not cover chmod, chown, utime, stat, nor UDP.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Final

from dropship.linux.libc import LIBC, checked

# <asm-generic/unistd.h>: the same numbers on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446

# <linux/landlock.h>
_VERSION_FLAG: Final = 1
_RULE_PATH_BENEATH: Final = 1
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_REMOVE_DIR: Final = 1 << 4
_REMOVE_FILE: Final = 1 << 5
_MAKE_DIR: Final = 1 << 7
_MAKE_REG: Final = 1 << 8
_MAKE_SYM: Final = 1 << 12
_REFER: Final = 1 << 13
_TRUNCATE: Final = 1 << 14

# What can be handled, by the first ABI that knows it: files, TCP, scopes.
_FILES: Final = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, 1 << 15))
_TCP: Final = ((4, 0b11),)
_SCOPES: Final = ((6, 0b11),)

_WRITING: Final = (
    _WRITE_FILE
    | _READ_FILE
    | _READ_DIR
    | _REMOVE_DIR
    | _REMOVE_FILE
    | _MAKE_DIR
    | _MAKE_REG
    | _MAKE_SYM
    | _REFER
    | _TRUNCATE
)

LINKS_ABI: Final = 2
"""From this one on a hard link between two folders can be allowed (Linux 5.19)."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # what _pack_ means; Python 3.14 wants it said
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def abi() -> int:
    """The kernel's version of it.

    Raises:
        OSError: ENOSYS or EOPNOTSUPP: it is not there, or not switched on.
    """
    return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))


def only_below(folder: int) -> None:
    """From here on this thread makes, writes and reads files only below an open folder.

    It executes nothing, makes no device, fifo or socket, opens no TCP connection or port (ABI 4),
    and signals nobody and finds no abstract socket outside of itself (ABI 6). Descriptors that are
    open stay usable. Needs no_new_privs; threads and children that are made later inherit it.

    Raises:
        OSError: It is not to be had here.
    """
    version = abi()
    handled = _Ruleset(_known(_FILES, version), _known(_TCP, version), _known(_SCOPES, version))
    # An older kernel takes the longer structure as long as what it does not know is 0.
    size = ctypes.c_size_t(ctypes.sizeof(handled))
    ruleset = _call(_CREATE_RULESET, ctypes.byref(handled), size, ctypes.c_uint32(0))
    try:
        beneath = _Beneath(handled.files & _WRITING, folder)
        _call(
            _ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_RULE_PATH_BENEATH),
            ctypes.byref(beneath),
            ctypes.c_uint32(0),
        )
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _known(rights: tuple[tuple[int, int], ...], version: int) -> int:
    return sum(bits for since, bits in rights if since <= version)


def _call(number: int, *arguments: Any) -> int:
    return checked(int(LIBC.syscall(ctypes.c_long(number), *arguments)))
