"""Putting files in their place, together: all of them, or everything is as it was.

A new file never replaces one that has come there meanwhile; one that is changed keeps mode, owner
and what else it has. Signals wait: it takes milliseconds.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from dropship.cli.rewrite import rewrite
from dropship.errors import ConfigError
from dropship.install.durable import sync_folder
from dropship.linux import process, rename

_DRAFT: Final = ".dropship-init-"
_HELD: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_FOLDER: Final = 0o755
_FILE: Final = 0o644


class Step(Protocol):
    """One change, and the way back."""

    def do(self) -> None:
        """Raises ``ConfigError``, with nothing changed."""

    def undo(self) -> None:
        """Raises ``ConfigError`` or ``OSError``."""


@dataclass(frozen=True, slots=True)
class NewFolder:
    """A folder that is not there yet; ``like`` and ``mode`` as of ``NewFile``."""

    path: Path
    like: Path | None = None
    mode: int | None = None

    def do(self) -> None:
        """Make it."""
        with _told(self.path):
            self.path.mkdir(mode=0o700)
            _resemble(self.path, self.like, self.mode, _FOLDER)

    def undo(self) -> None:
        """Take it away, if it is empty."""
        self.path.rmdir()


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is not there yet.

    Attributes:
        like: A file whose owner and group it gets, and whose mode, unless ``mode`` says another.
    """

    path: Path
    content: bytes
    like: Path | None = None
    mode: int | None = None

    def do(self) -> None:
        """Write it, whole at once."""
        with _told(self.path):
            fd, draft = tempfile.mkstemp(prefix=_DRAFT, dir=self.path.parent)
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(self.content)
                    file.flush()
                    _resemble(Path(draft), self.like, self.mode, _FILE)
                    os.fsync(file.fileno())
                _name(draft, self.path)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
            with suppress(OSError):  # it is there, whether or not that survives a power cut
                sync_folder(self.path.parent)

    def undo(self) -> None:
        """Take it away."""
        self.path.unlink()


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that has ``old`` in it and gets ``new``."""

    path: Path
    old: bytes
    new: bytes

    def do(self) -> None:
        """Rewrite it, unless somebody else has meanwhile."""
        with _told(self.path):
            if self.path.read_bytes() != self.old:
                raise OSError(0, "it has changed meanwhile")
        rewrite(self.path, self.new)

    def undo(self) -> None:
        """Give it back what it had."""
        rewrite(self.path, self.old)


def folders(path: Path, like: Path | None = None) -> list[Step]:
    """The steps that make a folder and those above it that are missing."""
    missing = [one for one in (path, *path.parents) if not os.path.lexists(one)]
    return [NewFolder(one, like) for one in reversed(missing)]


@contextmanager
def put(steps: Sequence[Step]) -> Iterator[None]:
    """Do the steps; everything is undone if one fails, or what is done in the context.

    Raises:
        ConfigError: One could not be done.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    done: list[Step] = []
    try:
        for step in steps:
            step.do()
            done.append(step)
        yield
    except BaseException:
        for step in reversed(done):
            with suppress(OSError, ConfigError):  # what led here is what is told
                step.undo()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _name(draft: str, path: Path) -> None:
    try:
        rename.move(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system or kernel that knows no such rename.
        os.link(draft, path)
        Path(draft).unlink()


def _resemble(path: Path, like: Path | None, mode: int | None, usual: int) -> None:
    known = like.stat() if like else None
    made = path.stat()
    if known and (known.st_uid, known.st_gid) != (made.st_uid, made.st_gid):
        with suppress(PermissionError):  # then it is the caller's own
            os.chown(path, known.st_uid, known.st_gid)
    if mode is None:
        mode = known.st_mode & 0o777 if known else usual & ~process.umask()
    path.chmod(mode)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cure = "run it as a user who may write there, or name another place with --config"
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}; nothing is changed",
            cure=cure if isinstance(error, PermissionError) else "",
        ) from error
