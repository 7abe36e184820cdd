"""A command that says whether the service works: ``health "script" { command = "…" }``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dropship.core.option import option
from dropship.core.values import Duration
from dropship.errors import HealthError, HookError

if TYPE_CHECKING:
    from dropship.exec.run import Run


_SHOWN: Final = 72  # characters of a command


@dataclass(frozen=True, slots=True)
class ScriptHealthOptions:
    """Keys of a ``script`` health check."""

    command: str = option(doc="Shell text; exit status 0 means that the service works.")


class ScriptHealth:
    """Runs the command on the leash, in the agent's own folder."""

    Options = ScriptHealthOptions

    def __init__(self, options: ScriptHealthOptions) -> None:
        # When it is made, not with this module: who only reads a configuration makes none.
        from dropship.exec import leash, shell  # noqa: PLC0415 - see above

        self._leash, self._shell = leash, shell
        self._command = options.command

    def probe(self, run: Run) -> None:
        """Run the command once.

        Raises:
            HealthError: It could not be run, did not exit with status 0, or took too long.
        """
        command = self._leash.Command(self._shell.argv(self._command, run.environ), run.environ)
        try:
            ended = self._leash.execute(command, run)
        except HookError as error:
            raise HealthError(str(error)) from error
        if ended.timed_out:
            # What is left of the check's time is a number with nine digits.
            taken = Duration.of(round(run.timeout.seconds, 2))
            raise HealthError(f"the script took longer than {taken} and was ended")
        if not ended.good:
            raise HealthError(f"the script {ended}")

    def describe(self) -> str:
        """The command, or how it begins: what it comes to must not be lost behind it."""
        words = " ".join(self._command.split())
        return f"script {words if len(words) <= _SHOWN else words[: _SHOWN - 1].rstrip() + '…'}"
