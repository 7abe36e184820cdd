"""What is mounted where, from /proc/self/mountinfo; its format: proc(5)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_OCTAL: Final = re.compile(rb"\\([0-7]{3})")
_MOUNT_POINT: Final = 4


def points() -> tuple[bytes, ...]:
    """Every mount point that this process sees, as absolute paths without symlinks."""
    return parse(Path("/proc/self/mountinfo").read_bytes())


def parse(mountinfo: bytes) -> tuple[bytes, ...]:
    """The mount points in a mountinfo text; blanks and backslashes stand there as octal."""
    lines = (line.split(b" ") for line in mountinfo.splitlines())
    return tuple(
        _OCTAL.sub(lambda match: bytes([int(match[1], 8)]), fields[_MOUNT_POINT])
        for fields in lines
        if len(fields) > _MOUNT_POINT
    )


def at_or_below(path: bytes, among: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Those mount points that are ``path`` itself or below it; ``path`` without symlinks."""
    inside = path.rstrip(b"/") + b"/"
    return tuple(point for point in among if point == path or point.startswith(inside))


def under(path: Path, mountinfo: bytes | None = None) -> tuple[str, tuple[str, ...]]:
    """Type and options of the file system that ``path`` is on; both empty if nothing tells.

    ``mountinfo`` is a mountinfo text; None: this process's.
    """
    if mountinfo is None:
        mountinfo = Path("/proc/self/mountinfo").read_bytes()
    real = os.fsencode(os.path.realpath(path))
    best, found = -1, b""
    for line in mountinfo.splitlines():
        (point,) = parse(line) or (b"",)
        inside = real == point or real.startswith(point.rstrip(b"/") + b"/")
        # Of several at one place the last one is seen.
        if point and inside and len(point) >= best:
            best, found = len(point), line.partition(b" - ")[2]
    kind, _, rest = os.fsdecode(found).partition(" ")
    options = rest.partition(" ")[2]
    return kind, tuple(options.split(",")) if options else ()


def kind(path: Path, mountinfo: bytes | None = None) -> str:
    """As ``under``, the type alone, such as ``ext4``."""
    return under(path, mountinfo)[0]
