"""The system calls of x86-64 that change what is on disk, and where each says what it changes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_WRITES: Final = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True, slots=True)
class Call:
    """A system call; arguments are counted from 0, -1 where it has none.

    Attributes:
        name: As in the manual.
        number: Of x86-64.
        folder: The argument that is the folder's descriptor, or the file's where there is no path.
        path: The argument that is the path.
        flags: The argument that says whether an open changes anything.
    """

    name: str
    number: int
    folder: int = -1
    path: int = -1
    flags: int = -1


CALLS: Final = {
    one.number: one
    for one in (
        Call("write", 1, 0), Call("open", 2, path=0, flags=1), Call("pwrite64", 18, 0),
        Call("writev", 20, 0), Call("sendfile", 40, 0), Call("fsync", 74, 0),
        Call("fdatasync", 75, 0), Call("truncate", 76, path=0), Call("ftruncate", 77, 0),
        Call("rename", 82, path=1), Call("mkdir", 83, path=0), Call("rmdir", 84, path=0),
        Call("creat", 85, path=0), Call("link", 86, path=1), Call("unlink", 87, path=0),
        Call("symlink", 88, path=1), Call("chmod", 90, path=0), Call("fchmod", 91, 0),
        Call("chown", 92, path=0), Call("fchown", 93, 0), Call("lchown", 94, path=0),
        Call("openat", 257, 0, 1, 2), Call("mkdirat", 258, 0, 1), Call("fchownat", 260, 0, 1),
        Call("unlinkat", 263, 0, 1), Call("renameat", 264, 2, 3), Call("linkat", 265, 2, 3),
        Call("symlinkat", 266, 1, 2), Call("fchmodat", 268, 0, 1), Call("utimensat", 280, 0, 1),
        Call("fallocate", 285, 0), Call("pwritev", 296, 0), Call("syncfs", 306, 0),
        Call("renameat2", 316, 2, 3), Call("copy_file_range", 326, 2), Call("fchmodat2", 452, 0, 1),
    )
}  # fmt: skip


def changed(call: Call, tid: int, arguments: tuple[int, ...]) -> str | None:
    """The path that a call is about to change; None if it changes nothing, or no path has it."""
    if call.flags >= 0 and not arguments[call.flags] & _WRITES:
        return None
    folder = _signed(arguments[call.folder]) if call.folder >= 0 else _AT_FDCWD
    told = arguments[call.path] if call.path >= 0 else 0
    try:
        at = str(Path(f"/proc/{tid}", "cwd" if folder == _AT_FDCWD else f"fd/{folder}").readlink())
        if not told:
            return at
        path = _text(tid, told)
        # An absolute path is one below the root that the process has changed to.
        at = str(Path(f"/proc/{tid}/root").readlink()) if path[:1] == "/" else at
        return os.path.normpath(f"/{at}/{path}").replace("//", "/")
    except OSError:
        return None  # a bad descriptor or address: the kernel will say so itself


def _signed(value: int) -> int:
    low = value & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


def _text(tid: int, address: int) -> str:
    memory = os.open(f"/proc/{tid}/mem", os.O_RDONLY)
    try:
        page_end = 4096 - address % 4096
        data = os.pread(memory, page_end, address)
        if b"\0" not in data:
            data += os.pread(memory, 4096, address + page_end)
    finally:
        os.close(memory)
    return os.fsdecode(data.split(b"\0", 1)[0])
