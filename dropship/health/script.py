"""A command that says whether the service works: ``health "script" { command = "…" }``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropship.core.option import option
from dropship.errors import HealthError, HookError

if TYPE_CHECKING:
    from dropship.exec.run import Run


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
            raise HealthError(f"the script took longer than {run.timeout} and was ended")
        if not ended.good:
            raise HealthError(f"the script {ended}")

    def describe(self) -> str:
        """The command."""
        return f"script {self._command}"
