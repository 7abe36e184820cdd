"""The Go tool's ``preCommand`` and ``postCommand``: words split at white space, no shell, no quoting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dropship.errors import HookError
from dropship.exec import leash
from dropship.exec.run import Run
from dropship.hooks import Event
from dropship.hooks.script import variables, working_directory


@dataclass(frozen=True, slots=True)
class CommandOptions:
    """The line as it is written."""

    command: str


class CommandHook:
    """Runs the words on the leash, as a script would run."""

    Options = CommandOptions
    notifies: ClassVar[bool] = False

    def __init__(self, options: CommandOptions) -> None:
        self._argv = tuple(options.command.split())

    def run(self, event: Event, run: Run) -> None:
        """Run it once.

        Raises:
            HookError: It could not be run, or did not exit with status 0.
        """
        environ = {**run.environ, **variables(event)}
        directory = working_directory(event.destination)
        ended = leash.execute(leash.Command(self._argv, environ, directory), run)
        if not ended.good:
            raise HookError(f"the command {ended}")

    def describe(self, event: Event) -> str:  # noqa: ARG002 - the Protocol's; a command is no template
        """The words."""
        return " ".join(self._argv)
