"""``maxRate``: as fast as it says, and no faster.

On a clock of the test's own: how exactly a loaded machine sleeps is not the question.
"""

from __future__ import annotations

import pytest

from dropship.core.values import Size
from dropship.repos import pace
from dropship.repos.pace import paced


class Clock:
    """Stands in for ``time``: sleeps are a little late, as they are."""

    LATE = 150e-6

    def __init__(self) -> None:
        self._now = 1000.0

    def monotonic(self) -> float:
        """As ``time.monotonic``."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """As ``time.sleep``."""
        self._now += seconds + self.LATE if seconds > 0 else 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that is gone by."""
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


class Pieces:
    """A body that gives at most ``most`` bytes at a time; ``pauses`` before some reads."""

    def __init__(
        self, clock: Clock, size: int, most: int, pauses: dict[int, float] | None = None
    ) -> None:
        self._clock = clock
        self._left = size
        self._most = most
        self._pauses = pauses or {}
        self._reads = 0

    def readinto(self, buffer: memoryview) -> int:
        """As ``Body``."""
        self._clock.sleep(self._pauses.get(self._reads, 0))
        self._reads += 1
        count = min(self._left, self._most, len(buffer))
        self._left -= count
        return count

    def close(self) -> None:
        """As ``Body``."""


def read(clock: Clock, body: Pieces, rate: int) -> list[tuple[float, int]]:
    """When so many bytes were there."""
    one, view = paced(body, Size(rate)), memoryview(bytearray(512 << 10))
    began, total = clock.monotonic(), 0
    seen = [(0.0, 0)]
    while count := one.readinto(view):
        total += count
        seen.append((clock.monotonic() - began, total))
    return [*seen, (clock.monotonic() - began, total)]


@pytest.mark.parametrize(
    ("rate", "most"),
    [
        (1_000_000, 1 << 20),
        (10_000_000, 16 << 10),
        (64 << 20, 16 << 10),
        (200 << 20, 64 << 10),
        (1000, 1 << 20),
    ],
)
def test_rate_is_kept_within_a_tenth(clock: Clock, rate: int, most: int) -> None:
    """Whatever comes at a time: over TLS that is 16 KiB."""
    seen = read(clock, Pieces(clock, rate, most), rate)
    assert seen[-1][1] == rate
    assert 0.9 < seen[-1][0] < 1.1


def test_what_a_store_lost_is_not_made_up_for_at_once(clock: Clock) -> None:
    """After a pause it goes on as before, but for a quarter of a second's worth."""
    rate = 2_000_000
    seen = read(clock, Pieces(clock, rate, 100_000, {5: 1.0}), rate)
    assert 1.65 < seen[-1][0] < 2.1
    for at, before in seen:
        within = max(total for then, total in seen if then <= at + 1) - before
        assert within <= 1.6 * rate


def test_without_a_rate_the_body_is_the_stores_own(clock: Clock) -> None:
    """Nothing stands between."""
    body = Pieces(clock, 1, 1)
    assert paced(body, None) is body
