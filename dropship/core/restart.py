"""When a dead worker comes back. Pure: time and chance are arguments.

After 1 s, doubling to 60 s for deaths in quick succession; five minutes of life and the count
starts anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIRST: Final = 1.0
LONGEST: Final = 60.0
GOOD_HEALTH: Final = 300.0

# Downwards only: "after a second" is what an operator who watches a killed worker waits for.
_JITTER: Final = 0.1


@dataclass(frozen=True, slots=True)
class Restarts:
    """What is known of a worker's deaths.

    Attributes:
        count: Restarts since the supervisor started; never reset.
        streak: Deaths that followed each other without five minutes of good health between.
    """

    count: int = 0
    streak: int = 0


def after_death(restarts: Restarts, lived: float, chance: float) -> tuple[Restarts, float]:
    """The next count, and how many seconds to wait before the worker is started again.

    ``lived`` is how many seconds it was alive, ``chance`` a random number in [0, 1).
    """
    streak = 1 if lived >= GOOD_HEALTH else restarts.streak + 1
    # The exponent is bounded: a worker that dies for years must not make a huge number.
    delay = min(FIRST * 2 ** min(streak - 1, 16), LONGEST)
    return Restarts(restarts.count + 1, streak), delay * (1 - _JITTER * chance)
