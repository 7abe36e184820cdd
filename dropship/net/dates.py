"""Dates of HTTP (RFC 9110, 5.6.7)."""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Final

_LONGEST: Final = 100


def seconds(text: str) -> float | None:
    """The Unix time that a date names; None if it is none."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": a time of UTC whose zone nobody vouches for
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
