"""Retry-After (RFC 9110, 10.2.3): how long a server wants to be left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dropship.net import dates

_ASKED: Final = frozenset({429, 503})
# A server may err, or its clock: what is asked for longer than a day would be forgotten by all.
_LONGEST_SECONDS: Final = 86_400.0
_MOST_DIGITS: Final = 9


def wait_of(status: int, headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait before the next request, a day at most; 0 where nothing is said.

    ``now``: this host's time, for a server that gives a date and not its own one. Only answers
    that mean "too much" (429, 503) are listened to.
    """
    text = headers.get("Retry-After", "").strip()
    if status not in _ASKED or not text:
        return 0.0
    if text.isascii() and text.isdigit():
        return min(_LONGEST_SECONDS, float(text[:_MOST_DIGITS]))
    until = dates.seconds(text)
    if until is None:
        return 0.0
    here = dates.seconds(headers.get("Date", ""))
    return min(_LONGEST_SECONDS, max(0.0, until - (now if here is None else here)))
