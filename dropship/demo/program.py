"""The program itself, run as its users run it: commands to their end, and the agent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGTERM
from typing import Final

from dropship.demo.folder import Folder
from dropship.errors import DropshipError
from dropship.exec import environ
from dropship.linux import process

_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    errors: str


class Program:
    """Runs ``dropship`` on the demo's configuration, cut off from the user's own settings."""

    def __init__(self, folder: Folder, environment: Mapping[str, str]) -> None:
        self._folder = folder
        cleaned = environ.cleaned(environment)
        kept = {name: one for name, one in cleaned.items() if not name.startswith("DROPSHIP_")}
        self._environ = {**kept, "PYTHONIOENCODING": "utf-8"}
        # On the user's own terminal in his own encoding, whatever that cannot show.
        own = environment.get("PYTHONIOENCODING") or ":backslashreplace"
        self._shown = {**kept, "PYTHONIOENCODING": own}

    def ask(self, *words: str) -> Said:
        """Run a command, and take what it prints.

        Raises:
            DropshipError: It cannot be run, or takes too long.
        """
        try:
            done = subprocess.run(
                self._argv(*words),
                cwd=self._folder.path,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                start_new_session=True,  # Ctrl-C is for us, and we end it
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DropshipError(f"dropship {' '.join(words)} did not run: {error}") from error
        out, errors = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return Said(done.returncode, out, errors.strip())

    def show(self, *words: str) -> int:
        """Run a command whose output goes where ours goes; gives its exit code.

        Raises:
            DropshipError: It cannot be run, or takes too long.
        """
        try:
            return subprocess.run(
                self._argv(*words),
                cwd=self._folder.path,
                env=self._shown,
                stdin=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            ).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DropshipError(f"dropship {' '.join(words)} did not run: {error}") from error

    def start_agent(self) -> subprocess.Popen[bytes]:
        """Start the agent, its log in a file.

        Raises:
            DropshipError: It cannot be started.
        """
        try:
            with self._folder.log.open("ab") as log:
                return subprocess.Popen(
                    self._argv("agent"),
                    cwd=self._folder.path,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    # Should we be killed, it stops too: nobody else would stop it.
                    preexec_fn=partial(process.die_with_parent, os.getpid(), SIGTERM),  # noqa: PLW1509 - there are no threads here
                )
        except (OSError, subprocess.SubprocessError) as error:
            raise DropshipError(f"the agent cannot be started: {error}") from error

    def _argv(self, *words: str) -> list[str]:
        return [*_itself(), "--config", str(self._folder.config), *words]


def _itself() -> tuple[str, ...]:
    """As it was called, if by a script of its name: that one knows where its libraries are."""
    script = Path(sys.argv[0]).absolute()
    if script.name == "dropship" and script.is_file() and os.access(script, os.X_OK):
        return (str(script),)
    return (sys.executable, "-m", "dropship")
