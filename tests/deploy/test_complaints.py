"""What the log says of a store that fails, and of one that answers again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from dropship.core import events as on
from dropship.core.values import Token
from dropship.deploy.complaints import Complaints
from dropship.log import bound

HOUR = 3600.0


@dataclass
class Story:
    """Checks, and what was said of them above debug."""

    caplog: pytest.LogCaptureFixture
    now: float = 0.0
    complaints: Complaints = field(init=False)

    def __post_init__(self) -> None:
        self.complaints = Complaints(bound("api", "complaints"), lambda: self.now)

    def fails(self, error: str = "no route", after: float = 10.0) -> list[str]:
        """A check that fails."""
        return self._heed(on.StoreFailed(error=error), after)

    def answers(self, after: float = 10.0) -> list[str]:
        """A check that does not."""
        return self._heed(on.TokenSeen(token=Token("t")), after)

    def _heed(self, event: on.Event, after: float) -> list[str]:
        self.now += after
        self.caplog.clear()
        self.complaints.heed(event)
        return [
            f"{one.levelname} {one.message}"
            for one in self.caplog.records
            if one.levelno > logging.DEBUG
        ]


@pytest.fixture
def story(caplog: pytest.LogCaptureFixture) -> Story:
    """A store, seen from the log."""
    caplog.set_level(logging.DEBUG)
    return Story(caplog)


FAILS = ["WARNING no route"]
ANSWERS = ["INFO the store answers again"]


def test_same_error_is_said_once_an_hour(story: Story) -> None:
    """Whatever the interval."""
    said = [story.fails() for _ in range(721)]
    assert [number for number, one in enumerate(said) if one] == [0, 360, 720]
    assert said[0] == FAILS


def test_errors_that_take_turns_are_each_said_once_an_hour(story: Story) -> None:
    """A name that resolves to two addresses, say."""
    said = [story.fails(error) for _ in range(100) for error in ("one", "two")]
    assert [one for one in said if one] == [["WARNING one"], ["WARNING two"]]


def test_store_that_answers_again_is_said_once(story: Story) -> None:
    """And nothing of one that always did."""
    assert story.answers() == []
    story.fails()
    story.fails()
    assert story.answers() == ANSWERS
    assert story.answers() == []


def test_store_that_fails_again_and_stays_so_is_news(story: Story) -> None:
    """The last word of the log is not that all is well."""
    story.fails()
    story.answers()
    assert story.fails() == []
    assert story.fails() == FAILS
    assert story.fails() == []
    assert story.answers() == ANSWERS


def test_store_that_fails_every_other_time_fills_no_log(story: Story) -> None:
    """Once an hour is enough."""
    said = [one for _ in range(100) for one in (story.fails(), story.answers())]
    assert [one for one in said if one] == [FAILS, ANSWERS]


@pytest.mark.parametrize(
    "make",
    [
        lambda error: on.StageFailed(fault=on.StageFault.TRANSIENT, error=error),
        lambda error: on.TurnFailed(error=error),
    ],
    ids=["stage", "turn"],
)
def test_other_complaints_are_no_failing_of_the_store(
    story: Story, make: Callable[[str], on.Event]
) -> None:
    """They are said once an hour too, and an answer of the store ends none of them."""
    assert story._heed(make("no space"), 10) == ["WARNING no space"]
    assert story._heed(make("no space"), 10) == []
    story.complaints.say("not updated: paused")
    assert story.answers() == []


def test_memory_of_errors_that_differ_every_time_is_bounded(story: Story) -> None:
    """Some servers number their errors."""
    for number in range(1000):
        assert story.fails(f"request {number}")
    assert len(story.complaints._said) < 100
