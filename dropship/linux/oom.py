"""How many processes the kernel has killed because memory ran out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_VMSTAT: Final = Path("/proc/vmstat")
_FIELD: Final = b"\noom_kill "


def kills(vmstat: Path = _VMSTAT) -> int:
    """Since the machine was started, whatever control group ran out; 0 where it is not counted."""
    try:
        text = vmstat.read_bytes()
    except OSError:
        return 0
    _, found, rest = text.partition(_FIELD)
    return int(rest.partition(b"\n")[0]) if found else 0
