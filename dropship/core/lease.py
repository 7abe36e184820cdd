"""How long a turn may be trusted that an engine gives for a time only. Pure.

An engine counts a lease's time from when it was granted, which is later than the request that asked
for it; so whoever counts from before that request never trusts it too long. Times are seconds of a
clock that also goes on while the host sleeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_RENEWED_AFTER: Final = 1 / 3
_MARGIN: Final = 0.2
_LEAST_MARGIN: Final = 1.0


@dataclass(frozen=True, slots=True)
class Term:
    """One grant of a lease.

    Attributes:
        asked: When it was asked for: before the request.
        ttl: How long the engine keeps it, in seconds.
    """

    asked: float
    ttl: float

    @property
    def margin(self) -> float:
        """Seconds before its end from which it is not trusted: what clocks and schedulers may be off."""
        return min(max(self.ttl * _MARGIN, _LEAST_MARGIN), self.ttl / 2)

    @property
    def renewed_at(self) -> float:
        """When it is time to renew it."""
        return self.asked + self.ttl * _RENEWED_AFTER

    @property
    def certain_until(self) -> float:
        """Until when it can be trusted."""
        return self.asked + self.ttl - self.margin

    def left(self, now: float) -> float:
        """Seconds for which it can still be trusted; 0 if it cannot."""
        return max(0.0, self.certain_until - now)
