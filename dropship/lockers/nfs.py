"""Whether locks on a folder reach the other hosts that mount it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_OCTAL: Final = re.compile(rb"\\([0-7]{3})")
# nfs(5): locks stay on this host. `local_lock=flock` keeps to itself only locks of another kind.
_LOCAL: Final = frozenset({b"nolock", b"local_lock=all", b"local_lock=posix"})


def local_locks(folder: Path, mountinfo: bytes | None = None) -> str:
    """The mount option that keeps locks on ``folder`` from other hosts; empty if there is none.

    ``mountinfo`` is /proc/self/mountinfo, whose format proc(5) tells.
    """
    if mountinfo is None:
        mountinfo = Path("/proc/self/mountinfo").read_bytes()
    best, found = b"", ""
    path = os.fsencode(folder.resolve())
    for line in mountinfo.splitlines():
        before, _, after = line.partition(b" - ")
        point = _OCTAL.sub(lambda match: bytes([int(match[1], 8)]), before.split(b" ")[4])
        inside = path == point or path.startswith(point.rstrip(b"/") + b"/")
        if inside and len(point) >= len(best):
            best, found = point, _option(after.split(b" "))
    return found


def _option(fields: list[bytes]) -> str:
    """Of ``type source options``, the option that makes locks local."""
    if len(fields) < 3 or not fields[0].startswith(b"nfs"):
        return ""
    return next((each.decode() for each in fields[2].split(b",") if each in _LOCAL), "")
