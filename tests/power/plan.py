"""When the power is cut, and how much of the disk's cache is lost: a seed's worth of random moments."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# An update of both services takes some 200 requests, and one second or two.
_REQUESTS: Final = 500
_SECONDS: Final = (0.3, 4.0)
_PACES: Final = (0.3, 1.0)
_EVERY: Final = 3


@dataclass(frozen=True)
class Plan:
    """One cut.

    Attributes:
        recovering: It may come before the agent has recovered and converged; else only while
            versions are published after that.
        requests: It comes in the middle of that request to the disk; 0 for by the clock.
        seconds: By the clock: how long versions are published before it.
        kept: With which probability a write in the disk's cache had reached the platter.
        seed: Which of them.
        pace: Seconds from version to version.
    """

    recovering: bool
    requests: int
    seconds: float
    kept: float
    seed: int
    pace: float


def plans(count: int, chance: random.Random) -> Iterator[Plan]:
    """``count`` cuts of updates; before every third of them another one cuts the recovery."""
    for number in range(count):
        if number % _EVERY == 0:
            yield _plan(chance, recovering=True, clock=False)
        yield _plan(chance, recovering=False, clock=number % 2 == 1)


def _plan(chance: random.Random, *, recovering: bool, clock: bool) -> Plan:
    return Plan(
        recovering=recovering,
        requests=0 if clock else chance.randint(1, _REQUESTS // (4 if recovering else 1)),
        seconds=chance.uniform(*_SECONDS),
        kept=round(chance.choice((0.0, 0.0, chance.random(), 1.0)), 2),
        seed=chance.getrandbits(32),
        pace=chance.uniform(*_PACES),
    )
