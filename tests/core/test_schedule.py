"""When to look next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.schedule import backoff, next_check
from dropship.core.values import Duration

TEN = Duration.of(10)
chances = st.floats(0, 1, exclude_max=True)


def test_without_splay_a_tenth_of_the_interval_is_spread() -> None:
    """The default splay is a tenth of the interval, added on top."""
    assert next_check(TEN, None, 0.0) == 10.0
    assert next_check(TEN, None, 0.5) == 10.5


def test_splay_of_zero_is_exact() -> None:
    """A written splay of zero means no spread at all."""
    assert next_check(TEN, Duration(0), 0.99) == 10.0


@given(st.floats(0.1, 1e6), st.floats(0, 1e6), chances)
def test_check_comes_within_interval_and_splay(
    interval: float, splay: float, chance: float
) -> None:
    """Never before the interval, never after interval and splay."""
    wait = next_check(Duration.of(interval), Duration.of(splay), chance)
    assert interval - 1e-6 <= wait <= interval + splay + 1e-6


@pytest.mark.parametrize(
    ("failures", "times"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10), (10**9, 10)]
)
def test_failures_double_the_interval_up_to_ten_times(failures: int, times: int) -> None:
    """The middle of the jitter is the plain doubling."""
    assert backoff(TEN, failures, 0.5) == pytest.approx(10.0 * times)


@given(st.floats(0.1, 1e6), st.integers(0, 10**9), chances)
def test_backoff_is_bounded(interval: float, failures: int, chance: float) -> None:
    """Between the interval and ten times the interval, give or take a tenth."""
    wait = backoff(Duration.of(interval), failures, chance)
    assert 0.9 * interval - 1e-6 <= wait <= 11 * interval + 1e-6


@given(st.integers(0, 100), chances)
def test_floor_is_kept_and_spread_upwards(failures: int, chance: float) -> None:
    """A minute at least means a minute at least, and not the same minute on every host."""
    assert 60.0 <= backoff(Duration.of(1), failures, chance, floor=60.0) <= 66.0
    assert backoff(TEN, 0, 0.0, floor=60.0) != backoff(TEN, 0, 0.9, floor=60.0)
