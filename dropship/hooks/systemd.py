"""Something asked of systemd for a unit: ``after "systemd" { unit = "api" }``."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple, TypeAlias

from dropship.core.option import option
from dropship.core.unit_name import UnitName
from dropship.errors import HookError
from dropship.hooks import Event

if TYPE_CHECKING:
    from dropship.core.unit_state import UnitState
    from dropship.exec.run import Run
    from dropship.exec.systemctl import Answer

Action: TypeAlias = Literal["start", "stop", "restart", "reload", "try-restart"]

# A unit that has fallen over too often in a row is not started for a while, whoever asks for it
# (StartLimitBurst= of systemd.unit(5)). What a bad version has used up must not be missing when
# the good one comes back.
_STARTING: Final = frozenset({"start", "restart"})


@dataclass(frozen=True, slots=True)
class SystemdOptions:
    """Keys of a ``systemd`` hook."""

    unit: UnitName = option(doc="The unit, such as `api`; without a type it is a `.service`.")
    action: Action | None = option(
        None,
        otherwise="`stop` in `before`, else `restart`",
        doc="What to ask of it, as `systemctl` is asked.",
    )


class _Moment(NamedTuple):
    """A moment by two clocks, in seconds: of the epoch, and of the system since it was booted."""

    epoch: float
    monotonic: float


class SystemdHook:
    """Runs ``systemctl ACTION UNIT`` on the leash, and looks why where that fails."""

    Options = SystemdOptions
    notifies: ClassVar[bool] = False

    def __init__(self, options: SystemdOptions) -> None:
        # When it is made, not with this module: who only reads a configuration makes none.
        from dropship.exec import systemctl  # noqa: PLC0415 - see above

        self._systemctl = systemctl
        self._options = options

    def run(self, event: Event, run: Run) -> None:
        """Ask for it once, and wait until it is done.

        Raises:
            HookError: There is no systemd, no such unit, or it failed or took too long; the
                message tells how the unit is then, and its journal has been said.
        """
        began = _Moment(time.time(), time.monotonic())
        action, unit = self._action(event), self._options.unit
        argv = self._systemctl.words(action, unit)
        answer = self._systemctl.ask(argv, run, aloud=True)
        if not answer.exit.good and action in _STARTING and self._refused(began, run):
            run.say(f"{unit} fell over too often to be started now: counting anew, once more")
            self._systemctl.ask(self._systemctl.words("reset-failed", unit), self._aside(run))
            answer = self._systemctl.ask(argv, run, aloud=True)
        if not answer.exit.good:
            raise self._fault(action, answer, began, run)

    def describe(self, event: Event) -> str:
        """The command line."""
        return shlex.join(self._systemctl.words(self._action(event), self._options.unit))

    def _action(self, event: Event) -> Action:
        return self._options.action or ("stop" if event.phase == "before" else "restart")

    def _aside(self, run: Run) -> Run:
        return replace(run, timeout=min(run.timeout, self._systemctl.ASIDE))

    def _refused(self, began: _Moment, run: Run) -> bool:
        """Whether systemd has not even begun to start it: it was begun before, and failed.

        Not told by its ``Result``, which stays that of the last fall. Asked for only afterwards,
        so that what works takes no longer for it.
        """
        try:
            found: UnitState = self._systemctl.state(self._options.unit, self._aside(run))
        except HookError:
            return False
        return found.active == "failed" and found.begun < began.monotonic

    def _fault(self, action: str, answer: Answer, began: _Moment, run: Run) -> HookError:
        unit, aside = self._options.unit, self._aside(run)
        if answer.exit.timed_out:
            what = f"systemctl {action} {unit} took longer than {run.timeout} and was ended"
        else:
            what = f"systemctl {action} {unit}: {answer.said or answer.exit}"
        try:
            found: UnitState = self._systemctl.state(unit, aside)
        except HookError:
            return HookError(what)  # it says enough
        if found.missing:
            return self._systemctl.absence(unit, found)
        self._systemctl.tell(unit, found.user, began.epoch, aside)
        return HookError(f"{what}; {unit} is {found}")
