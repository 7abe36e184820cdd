"""Looking whether a service works, as often as the configuration says."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dropship.config.model import HealthConfig
from dropship.core.values import Duration
from dropship.deploy.health import Surroundings, verify
from dropship.deploy.rig import BuiltHealth
from dropship.errors import HealthError
from dropship.exec.run import Run
from dropship.health.script import ScriptHealthOptions
from tests.exec.runs import Watcher


@dataclass
class Diary:
    """A check that writes down what is asked of it, and is good so many times."""

    good: int = 100
    asked: list[str] = field(default_factory=list)
    timeouts: list[Duration] = field(default_factory=list)

    def begin(self) -> None:
        """A new version is looked at."""
        self.asked.append("begin")

    def probe(self, run: Run) -> None:
        """Look once."""
        self.asked.append("look")
        self.timeouts.append(run.timeout)
        self.good -= 1
        if self.good < 0:
            raise HealthError("it fell over")

    def describe(self) -> str:
        """What it is."""
        return "diary"


def verified(check: Diary, interval: float = 0.01, **settings: object) -> None:
    """Look as an update does; ``interval``: seconds."""
    config = HealthConfig(
        type="diary",
        options=ScriptHealthOptions(command="true"),
        interval=Duration.of(interval),
        **settings,  # type: ignore[arg-type]  # what a test wants to differ
    )
    around = Surroundings(environ={}, watch=Watcher(), say=print, begun=_nothing_begins)
    verify((BuiltHealth(config, check),), around)


def _nothing_begins(*_: object) -> None:
    """A diary runs no command."""


def test_check_that_compares_is_told_before_the_first_look_of_each_update() -> None:
    """It lives as long as the worker; the version does not."""
    check = Diary()
    verified(check, successes=2)
    verified(check)
    assert check.asked == ["begin", "look", "look", "begin", "look"]


def test_check_that_does_not_stay_good_fails_at_once() -> None:
    """However much time there would be left."""
    check = Diary(good=1)
    with pytest.raises(HealthError, match="diary did not hold for 1h0m0s: it fell over"):
        verified(check, hold_for=Duration.of(3600))
    assert check.asked == ["begin", "look", "look"]


def test_look_at_what_holds_has_all_its_time() -> None:
    """``within`` is for coming up; that it is over soon makes nothing fall that stands."""
    check = Diary()
    timeout = Duration.of(5)
    verified(check, within=Duration.of(0.4), hold_for=Duration.of(0.5), timeout=timeout)
    first, *others = check.timeouts
    assert first.seconds <= 0.4
    assert set(others) == {timeout}


def test_row_of_good_looks_that_is_not_complete_in_time_does_not_hold() -> None:
    """However good each of them is; nobody waits for looks that would come too late."""
    check = Diary(good=10_000)
    found = (
        r"diary did not hold within 100ms: \d+ good so far, and 5000 in a row, one every 10ms, take"
    )
    with pytest.raises(HealthError, match=found):
        verified(check, successes=5000, within=Duration.of(0.1))
    assert 1 < len(check.asked) < 5000


def test_row_that_is_complete_exactly_when_time_is_over_holds() -> None:
    """What the looks themselves take does not count there: it would depend on luck."""
    check = Diary()
    verified(check, interval=1.0, successes=2, within=Duration.of(1))
    assert check.asked == ["begin", "look", "look"]


class Hanging(Diary):
    """One that says something at first, and then takes all the time that it is given."""

    def probe(self, run: Run) -> None:
        """Look once."""
        self.asked.append("look")
        if len(self.asked) > 2:
            run.watch.wait(run.timeout.seconds)
            raise HealthError(f"it took longer than {run.timeout}")
        raise HealthError("it is not there yet")


def test_look_that_has_no_time_left_does_not_hide_what_was_seen() -> None:
    """The last one begins just before the deadline, and cannot have seen anything."""
    with pytest.raises(HealthError, match="diary did not hold within 500ms: it is not there yet"):
        verified(Hanging(), interval=0.2, within=Duration.of(0.5), timeout=Duration.of(5))
