"""Times for people: how long, how long ago, how long until, at what time of day."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from dropship.agent.answers import seconds_of

_UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60))
_NOW: Final = 0.5


def span(seconds: float) -> str:
    """A length of time in one unit, two or more of it: ``90 s``, ``2 min``, ``3 d``."""
    seconds = max(0.0, seconds)
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(iso_time: str | None, now: float) -> str:
    """``5 min ago``; a dash where there is no time."""
    return f"{span(now - seconds_of(iso_time))} ago" if iso_time else "-"


def until(iso_time: str | None, now: float) -> str:
    """``in 5 min``; ``now`` where it is due; a dash where there is no time."""
    if not iso_time:
        return "-"
    left = seconds_of(iso_time) - now
    return f"in {span(left)}" if left >= _NOW else "now"


def clock(iso_time: str | None, zone: tzinfo | None, *, seconds: bool = True) -> str:
    """``2026-11-23 03:13:38`` where people are; a dash where there is no time."""
    if not iso_time:
        return "-"
    shown = datetime.fromtimestamp(seconds_of(iso_time), zone)
    return shown.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def zone_name(now: float, zone: tzinfo | None) -> str:
    """What the time of ``clock`` is called: ``UTC``, ``CET``."""
    return datetime.fromtimestamp(now, zone).astimezone(zone).tzname() or "local time"
