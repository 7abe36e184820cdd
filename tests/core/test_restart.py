"""When a dead worker comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.restart import Restarts, after_death


@pytest.mark.parametrize(
    ("streak", "delay"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60)]
)
def test_deaths_in_a_row_double_the_wait_up_to_a_minute(streak: int, delay: float) -> None:
    """One second, two, four … and never more than sixty."""
    assert after_death(Restarts(streak, streak), lived=1.0, chance=0.0)[1] == delay


def test_five_minutes_of_good_health_start_the_count_anew() -> None:
    """A worker that lived for five minutes comes back after a second again; the count goes on."""
    restarts, delay = after_death(Restarts(count=9, streak=9), lived=300.0, chance=0.0)
    assert delay == 1.0
    assert restarts == Restarts(count=10, streak=1)


def test_less_than_five_minutes_are_no_good_health() -> None:
    """One second less keeps the streak."""
    assert after_death(Restarts(9, 9), lived=299.0, chance=0.0)[1] == 60.0


@given(
    st.integers(0, 10**6),
    st.floats(0, 1e9),
    st.floats(0, 1, exclude_max=True),
)
def test_wait_is_between_most_of_a_second_and_a_minute(
    streak: int, lived: float, chance: float
) -> None:
    """Whatever happened before, the wait is bounded and the total count rises by one."""
    restarts, delay = after_death(Restarts(streak, streak), lived, chance)
    assert 0.9 <= delay <= 60.0
    assert restarts.count == streak + 1
