"""What ``env("NAME")`` and ``file("/path")`` stand for in this process.

The environment and the way to read a file are arguments. The names of all variables that are
asked for are remembered: hooks must not see them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from dropship.hcl.ast import CallValue


class Mode(Enum):
    """What a value that cannot be had means to who reads the configuration.

    ``REQUIRE``: an error (agent, check, update). ``WARN``: a warning (validate). ``LENIENT``:
    a missing secret is silently empty (status, history, why).
    """

    REQUIRE = "require"
    WARN = "warn"
    LENIENT = "lenient"


class UnresolvedError(Exception):
    """The variable is not set or the file cannot be read; the text says which and why."""

    def __init__(self, number: str, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message
        self.suggestion = suggestion


class Resolver:
    """Evaluates calls, and remembers which variables were asked for."""

    def __init__(
        self,
        environ: Mapping[str, str],
        read: Callable[[Path], str],
        cwd: Path,
        mode: Mode,
    ) -> None:
        self._environ = environ
        self._read = read
        self._cwd = cwd
        self.mode = mode
        self.names: set[str] = set()

    def text(self, call: CallValue) -> str:
        """What the call stands for.

        Raises:
            UnresolvedError: It stands for nothing here.
        """
        arguments = [argument.text for argument in call.arguments]
        if call.function == "env":
            return self._variable(*arguments[:2])
        return self._contents(arguments[0])

    def _variable(self, name: str, default: str | None = None) -> str:
        self.names.add(name)
        value = self._environ.get(name, default)
        if value is None:
            raise UnresolvedError(
                "217",
                f"the environment variable {name} is not set",
                f'set {name} for the agent, or give a default: env("{name}", "…")',
            )
        return value

    def lacks(self, name: str) -> str | None:
        """Why a file that a value names cannot be read; None if it can, or nobody will."""
        if self.mode is Mode.LENIENT:
            return None
        try:
            self._read(self._cwd / name)
        except (OSError, ValueError) as error:
            return (error.strerror if isinstance(error, OSError) else None) or str(error)
        return None

    def _contents(self, name: str) -> str:
        try:
            text = self._read(self._cwd / name)
        except (OSError, ValueError) as error:
            cause = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise UnresolvedError(
                "218",
                f"the file {name} cannot be read: {cause}",
                "create it, or let the agent's user read it",
            ) from error
        return text.removesuffix("\n")
