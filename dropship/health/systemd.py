"""A unit of systemd that runs, and goes on running: ``health "systemd" { unit = "api" }``.

A service that dies and is restarted again and again is active whenever somebody happens to look.
So looks are compared: what is good is the same run of the unit as at the look before.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from dropship.core.option import option
from dropship.core.unit_name import UnitName
from dropship.core.values import Duration
from dropship.errors import HealthError, HookError

if TYPE_CHECKING:
    from dropship.core.unit_state import UnitState
    from dropship.exec.run import Run

EARLIER: Final = 0.5
"""Seconds: systemd notes when a process was started a little after that has begun to speak."""


@dataclass(frozen=True, slots=True)
class SystemdHealthOptions:
    """Keys of a ``systemd`` health check."""

    unit: UnitName = option(
        doc="The unit, such as `api`, that must be active and not be started anew between two "
        "looks; without a type it is a `.service`."
    )


class Watched(NamedTuple):
    """What the looks so far have seen.

    Attributes:
        restarts: How often the unit had been restarted at the first of them.
        run: Which run of it the last one saw; None where it was not up.
        started: When that had been started, as ``UnitState`` has it.
    """

    restarts: int
    run: tuple[str, str] | None
    started: float


def judged(unit: UnitName, state: UnitState, before: Watched | None) -> tuple[Watched, str]:
    """What there is to remember of a look, and what is wrong; empty if nothing is."""
    first = state.restarts if before is None else before.restarts
    seen = Watched(first, state.run if state.up else None, state.started)
    more = state.restarts - first
    often = f"was restarted {more} time{'s'[: more != 1]} while it was watched" if more > 0 else ""
    if not state.up:
        return seen, f"unit {unit} is {state}" + (f" and {often}" if often else "")
    if before is None or before.run in (None, state.run):
        return seen, ""
    return seen, f"unit {unit} {often or 'was started anew while it was watched'}"


class SystemdHealth:
    """Asks systemd for the unit's state; remembers what it saw until the next ``begin``."""

    Options = SystemdHealthOptions

    def __init__(self, options: SystemdHealthOptions) -> None:
        # When it is made, not with this module: who only reads a configuration makes none.
        from dropship.exec import systemctl  # noqa: PLC0415 - see above

        self._systemctl = systemctl
        self._unit = options.unit
        self.begin()

    def begin(self) -> None:
        """Forget what was seen: what comes is a new version, or the old one again."""
        self._before: Watched | None = None
        self._told = False

    def probe(self, run: Run) -> None:
        """Ask once.

        Raises:
            HealthError: The unit is not active, is not the same run of it as at the last look,
                or cannot be asked for.
        """
        deadline = time.monotonic() + run.timeout.seconds
        try:
            state = self._systemctl.state(self._unit, run)
        except HookError as error:
            raise HealthError(str(error.args[0]), cure=error.cure) from error
        if state.missing:
            raise HealthError(str(self._systemctl.absence(self._unit, state)))
        before = self._before
        self._before, wrong = judged(self._unit, state, before)
        if not wrong:
            return
        self._tell(state, before, deadline, run)
        cure = "a unit of Type=oneshot stays active with RemainAfterExit=yes" if state.ended else ""
        raise HealthError(wrong, cure=cure)

    def describe(self) -> str:
        """The unit."""
        return f"systemd {self._unit}"

    def _tell(self, state: UnitState, before: Watched | None, deadline: float, run: Run) -> None:
        """Say what the run that fell has in the journal, once: the next ones say the same."""
        starting = state.active == "activating" and state.result == "success"
        left = Duration.of(deadline - time.monotonic())
        if self._told or starting or left.nanoseconds <= 0:
            return
        self._told = True
        fallen = before.started if before is not None and before.run is not None else state.started
        since = time.time() - (time.monotonic() - fallen) - EARLIER if fallen else None
        self._systemctl.tell(self._unit, state.user, since, replace(run, timeout=left))
