"""When to look next: the interval with its splay, and the backoff after failures. Pure.

``chance`` is a random number from 0 up to, not including, 1; the caller draws it. Results are
seconds from now.
"""

from __future__ import annotations

from typing import Final

from dropship.core.values import Duration

LONGEST: Final = 10
"""A backoff ends at this many times the interval."""

_JITTER: Final = 0.1
_SPLAY: Final = 0.1


def next_check(interval: Duration, splay: Duration | None, chance: float) -> float:
    """Seconds to the next check: the interval and a random part of ``splay``.

    Without a ``splay`` it is a tenth of the interval.
    """
    spread = interval.seconds * _SPLAY if splay is None else splay.seconds
    return interval.seconds + spread * chance


def backoff(interval: Duration, failures: int, chance: float, floor: float = 0.0) -> float:
    """Seconds to wait after ``failures`` failures in a row.

    Doubles from the interval to ten times the interval, give or take a tenth. Never less than
    ``floor``, which is spread upwards only.
    """
    doublings = min(max(failures, 1) - 1, LONGEST.bit_length())
    times = min(1 << doublings, LONGEST)
    jitter = 1 - _JITTER + 2 * _JITTER * chance
    return max(interval.seconds * times * jitter, floor * (1 + _JITTER * chance))
