"""Whether locks on a folder reach the other hosts that mount it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dropship.linux import mounts

# nfs(5): locks stay on this host. `local_lock=flock` keeps to itself only locks of another kind.
_LOCAL: Final = frozenset({"nolock", "local_lock=all", "local_lock=posix"})


def local_locks(folder: Path, mountinfo: bytes | None = None) -> str:
    """The mount option that keeps locks on ``folder`` from other hosts; empty if there is none.

    ``mountinfo`` is /proc/self/mountinfo, whose format proc(5) tells.
    """
    kind, options = mounts.under(folder, mountinfo)
    if not kind.startswith("nfs"):
        return ""
    return next((one for one in options if one in _LOCAL), "")
