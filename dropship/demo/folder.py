"""The folder that everything of the demo is in, and where in it things are."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.errors import DropshipError, UsageError

# A Unix socket's path has 107 bytes (unix(7)), and the agent's stand in ``run_path``.
_LONGEST_RUN_PATH: Final = 80
_MODE: Final = 0o755  # under any umask: nobody else may change what is run
_CURE: Final = "name an empty folder, or one to be made"


@dataclass(frozen=True, slots=True)
class Folder:
    """``path`` and ``run`` are absolute; ``run`` is elsewhere where ``path`` is too long for it."""

    path: Path
    run: Path

    @classmethod
    def make(cls, wanted: Path | None) -> Folder:
        """Make the folder, or a temporary one; what is in somebody's folder is never touched.

        Raises:
            UsageError: There is something in it, or it is none, or its name cannot be written down.
            DropshipError: It cannot be made, or not written to.
        """
        try:
            path = _temporary() if wanted is None else _empty(wanted)
            for name in ("store", "srv", "state"):
                (path / name).mkdir(_MODE)
            run = _run_path(path)
            run.mkdir(_MODE, exist_ok=True)
        except OSError as error:
            where = error.filename or wanted or "a temporary folder"
            raise DropshipError(
                f"{where} cannot be made: {error.strerror}",
                cure="name a folder that you may write to",
            ) from error
        return cls(path, run)

    @property
    def store(self) -> Path:
        """The store: a folder that stands for a bucket."""
        return self.path / "store"

    @property
    def srv(self) -> Path:
        """Where the service is deployed."""
        return self.path / "srv"

    @property
    def state(self) -> Path:
        """``state_path`` of the agent."""
        return self.path / "state"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.path / "dropship.hcl"

    @property
    def log(self) -> Path:
        """What the agent says."""
        return self.path / "agent.log"

    @property
    def pid_file(self) -> Path:
        """Which process the web service is."""
        return self.path / "web.pid"

    def tidy(self) -> None:
        """Take away what stands outside of ``path``."""
        if self.run.parent != self.path:
            shutil.rmtree(self.run, ignore_errors=True)


def _temporary() -> Path:
    return Path(os.path.realpath(tempfile.mkdtemp(prefix="dropship-demo-")))


def _empty(wanted: Path) -> Path:
    """The folder's real path; it is there and empty.

    Raises:
        UsageError: It is neither absent nor an empty folder, or not to be written down.
        OSError: It cannot be made or looked into.
    """
    path = Path(os.path.realpath(wanted))
    # It goes into a configuration, where control characters and "${" would be something else.
    if not str(path).isprintable() or "${" in str(path):
        raise UsageError(f"{str(path)!a} has characters that no configuration can hold", cure=_CURE)
    if os.path.lexists(path) and not path.is_dir():
        raise UsageError(f"{path} is no folder", cure=_CURE)
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise UsageError(f"{path} is not empty", cure=_CURE)
    return path


def _run_path(path: Path) -> Path:
    run = path / "run"
    if len(os.fsencode(run)) <= _LONGEST_RUN_PATH:
        return run
    return Path(tempfile.mkdtemp(prefix="dropship-run-", dir=_short_temporary()))


def _short_temporary() -> str:
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _LONGEST_RUN_PATH - 24 else "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it
