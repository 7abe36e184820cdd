"""A command of the operator: ``before "script" { command = "systemctl stop api" }``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from dropship.core.option import option
from dropship.core.values import Strings
from dropship.errors import HookError, HookPutOffError
from dropship.hooks import Event

if TYPE_CHECKING:
    from dropship.exec.run import Run

EX_TEMPFAIL: Final = 75
"""The exit status that asks to try the whole update later (sysexits.h)."""


@dataclass(frozen=True, slots=True)
class ScriptOptions:
    """Keys of a ``script`` hook."""

    command: str = option(doc="Shell text, run by `bash -c` (`sh -c` where there is no bash).")
    user: str = option("", otherwise="the agent's own", doc="Account to run it as.")
    env: Strings = option(Strings(), doc="More environment variables.")


class ScriptHook:
    """Runs the command on the leash; what it knows of the update is in its environment."""

    Options = ScriptOptions
    notifies: ClassVar[bool] = False

    def __init__(self, options: ScriptOptions) -> None:
        # When it is made, not with this module: who only reads a configuration makes none.
        from dropship.exec import leash, shell  # noqa: PLC0415 - see above

        self._leash, self._shell = leash, shell
        self._options = options

    def run(self, event: Event, run: Run) -> None:
        """Run the command once.

        Raises:
            HookPutOffError: It exited with status 75.
            HookError: It could not be run, exited with another status, was killed, took too long.
        """
        environ = {**run.environ, **variables(event), **self._options.env}
        command = self._leash.Command(
            argv=self._shell.argv(self._options.command, environ),
            environ=environ,
            cwd=working_directory(event.destination),
            user=self._options.user,
        )
        ended = self._leash.execute(command, run)
        if ended.timed_out:
            raise HookError(f"the script took longer than {run.timeout} and was ended")
        if ended.status == EX_TEMPFAIL:
            raise HookPutOffError(f"the script asked to try again later (status {EX_TEMPFAIL})")
        if not ended.good:
            raise HookError(f"the script {ended}")

    def describe(self, event: Event) -> str:  # noqa: ARG002 - the Protocol's; a command is no template
        """The command, and the account it runs as."""
        user = f" (as {self._options.user})" if self._options.user else ""
        return f"{self._options.command.rstrip()}{user}"


def variables(event: Event) -> dict[str, str]:
    """What a script is told of the update."""
    return {
        "DROPSHIP_SERVICE": event.service,
        "DROPSHIP_HOSTNAME": event.hostname,
        "DROPSHIP_UPDATE": event.update_id,
        "DROPSHIP_PHASE": event.phase,
        "DROPSHIP_OLD_HASH": event.old_hash,
        "DROPSHIP_NEW_HASH": event.new_hash,
        "DROPSHIP_VERSION": event.version,
        "DROPSHIP_RELEASE": event.release,
        "DROPSHIP_RELEASE_DIR": event.release_dir,
        "DROPSHIP_DESTINATION": event.destination,
        "DROPSHIP_ATTEMPT": str(event.attempt),
        "DROPSHIP_ERROR": event.error,
        "DROPSHIP_ROLLBACK": "1" if event.rollback else "",
    }


def working_directory(destination: str) -> str | None:
    """The destination, for a file its folder, None (the agent's own) where there is none yet."""
    if not destination:
        return None
    path = Path(destination)
    if path.is_dir():
        return destination
    return str(path.parent) if path.exists() else None
