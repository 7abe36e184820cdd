"""Times for people: how long ago, how long until."""

from __future__ import annotations

from dropship.agent.answers import seconds_of

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


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
    """``in 5 min``; a dash where there is no time."""
    return f"in {span(seconds_of(iso_time) - now)}" if iso_time else "-"
