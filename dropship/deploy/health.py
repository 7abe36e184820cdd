"""Looking whether a service works: how long, how often, how many times. A check only looks once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dropship.core.values import Duration
from dropship.core.watch import Progress, Watch
from dropship.deploy.rig import BuiltHealth
from dropship.errors import HealthError
from dropship.exec.run import ProcessGroup, Run
from dropship.health import Comparing
from dropship.log import hide

Say = Callable[[str], None]

Begun = Callable[[ProcessGroup, Duration], None]
"""Called with the group of every command that is run, and how long it may take."""

_ROUNDING: Final = 1e-6  # seconds


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What checks run in: their environment, attention, and who hears of them."""

    environ: dict[str, str]
    watch: Watch
    say: Say
    begun: Begun


def verify(checks: tuple[BuiltHealth, ...], around: Surroundings) -> None:
    """Every check must hold, one after the other.

    Raises:
        HealthError: One did not; the message names it and tells what was last seen.
    """
    for one in checks:
        _Verification(one, around).run()


class _Verification:
    def __init__(self, one: BuiltHealth, around: Surroundings) -> None:
        self._config = one.config
        self._check = one.check
        self._around = around
        self._watch = around.watch
        self._row = time.monotonic()  # when the first look of this row was due
        self._deadline = self._row + one.config.within.seconds
        self._seen = ""

    def run(self) -> None:
        """Look until it holds, then as long as it must stay so."""
        if isinstance(self._check, Comparing):
            self._check.begin()
        self._report(0)
        while not self._holds():
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise self._late()
            # The last look is at the deadline itself.
            self._watch.wait(min(self._config.interval.seconds, left))
            self._row = time.monotonic()
        self._stay()

    def _holds(self) -> bool:
        """So many good looks in a row as are asked for, the last of them in time."""
        for good in range(self._config.successes):
            if good:
                self._await_next(good)
            # A look that begins in time may end in time too, or it would depend on luck.
            left = max(0.1, self._deadline - time.monotonic())
            if not self._look_within(min(self._config.timeout.seconds, left)):
                self._report(0, self._seen)
                return False
            self._report(good + 1)
        return True

    def _look_within(self, seconds: float) -> bool:
        """Look; one that had only what was left of the time, and ran out of it, has seen nothing."""
        before, began = self._seen, time.monotonic()
        holds = self._look(Duration.of(seconds))
        short = seconds < self._config.timeout.seconds and time.monotonic() - began >= seconds
        if short and before:
            self._seen = before
        return holds

    def _await_next(self, good: int) -> None:
        interval, left = self._config.interval.seconds, self._deadline - time.monotonic()
        due = self._row + good * interval
        # What looks take themselves may move the last one up to the deadline, and no further.
        if due > self._deadline + _ROUNDING or left <= 0:
            asked = f"{self._config.successes} in a row, one every {self._config.interval}"
            self._seen = f"{good} good so far, and {asked}, take longer"
            raise self._late()
        self._watch.wait(min(interval, left))

    def _late(self) -> HealthError:
        what = self._check.describe()
        return HealthError(f"{what} did not hold within {self._config.within}: {self._seen}")

    def _stay(self) -> None:
        until = time.monotonic() + self._config.hold_for.seconds
        while (left := until - time.monotonic()) > 0:
            self._watch.report(Progress(note=f"health: it holds, {left:.0f} s left"))
            self._watch.wait(min(self._config.interval.seconds, left))
            if not self._look(self._config.timeout):
                what = self._check.describe()
                raise HealthError(f"{what} did not hold for {self._config.hold_for}: {self._seen}")

    def _look(self, timeout: Duration) -> bool:
        run = Run(
            timeout=timeout,
            environ=self._around.environ,
            watch=self._watch,
            starting=lambda group: self._around.begun(group, timeout),
            say=self._around.say,
        )
        try:
            self._check.probe(run)
        except HealthError as error:
            self._seen = str(error)
            return False
        return True

    def _report(self, good: int, seen: str = "") -> None:
        left = max(0.0, self._deadline - time.monotonic())
        note = f"health: {good} of {self._config.successes}, {left:.0f} s left"
        note += f": {hide(seen)}" if seen else ""
        self._watch.report(Progress(note=note))
