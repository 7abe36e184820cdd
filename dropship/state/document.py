"""One JSON document on disk, whole at any time: the old one or the new one.

A temporary file beside it, fsync, rename, fsync of the folder. A document that cannot be read is
never written over: that would be guessing. ``minReader`` in the file is the oldest format that a
reader must know, so that a downgraded program says so instead of dropping what it does not know.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Final, Generic, TypeVar

from dropship.errors import StateError
from dropship.state import codec

T = TypeVar("T")

READER: Final = 1
"""The format that this program writes, and the newest that it can read."""

_MIN_READER: Final = "minReader"
_CURE: Final = "restore the file from a backup, or move it away to start without it"


class Document(Generic[T]):
    """A document of one type at one path."""

    def __init__(self, path: Path, cls: type[T]) -> None:
        self.path = path
        self._cls = cls
        self._readable = False
        self._settled = False

    @property
    def next(self) -> Path:
        """Where ``prepare`` writes."""
        return self.path.with_name(self.path.name + ".next")

    def load(self) -> T | None:
        """What stands on disk; None if nothing does.

        Raises:
            StateError: It cannot be read, is damaged, or was written by a newer program.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            self._readable = True
            return None
        except OSError as error:
            raise _unreadable(self.path, error) from error
        value = self._parse(text)
        self._readable = True
        return value

    def prepare(self, value: T) -> None:
        """Write the next document out in full, so that ``commit`` needs no space.

        Raises:
            StateError: It cannot be written.
        """
        content = codec.encode(value)
        text = json.dumps({_MIN_READER: READER, **content}, indent=1, ensure_ascii=True) + "\n"
        try:
            self._settle()
            self._write(text.encode("ascii"))
        except OSError as error:
            raise unwritable(self.next, error) from error

    def commit(self) -> None:
        """Make what was prepared the document.

        Raises:
            StateError: Nothing was prepared, or what stands there now cannot be read.
        """
        if not self._readable:
            self.load()
        try:
            self.next.rename(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def save(self, value: T) -> None:
        """Prepare and commit.

        Raises:
            StateError: It cannot be written, or what stands there now cannot be read.
        """
        self.prepare(value)
        self.commit()

    def remove(self) -> None:
        """Take the document away, and what was prepared; durably. Both may be gone already.

        Raises:
            StateError: It cannot be removed.
        """
        try:
            self.next.unlink(missing_ok=True)
            self.path.unlink()
            sync_folder(self.path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _settle(self) -> None:
        """The folder is there, durably: the log, which syncs nothing, may have made it."""
        make_folder(self.path.parent)
        if not self._settled:
            # Where the one above may not be read, somebody else has made both.
            with contextlib.suppress(PermissionError):
                sync_folder(self.path.parent.parent)
            self._settled = True

    def _parse(self, text: bytes) -> T:
        try:
            data = json.loads(text)
        except ValueError as error:
            raise StateError(f"{self.path} is damaged: {error}", cure=_CURE) from error
        except RecursionError:
            raise StateError(f"{self.path} is damaged: nested too deeply", cure=_CURE) from None
        oldest = data.get(_MIN_READER, READER) if isinstance(data, dict) else READER
        if not isinstance(oldest, int) or oldest > READER:
            raise StateError(
                f"{self.path} was written by a newer version of dropship",
                cure="install that version again",
            )
        return codec.decode(self._cls, data, str(self.path))

    def _write(self, text: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self.next, flags, 0o644)
        try:
            write_all(fd, text)
            os.fsync(fd)
        except BaseException:
            # Half a document must not take the space that somebody needs.
            with contextlib.suppress(OSError):
                self.next.unlink()
            raise
        finally:
            os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, however many calls the kernel wants for it."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o755)
    sync_folder(folder.parent)


def _unreadable(path: Path, error: OSError) -> StateError:
    return StateError(f"cannot read {path}: {error.strerror}", cure="run as the agent's user")


def unwritable(path: Path, error: OSError) -> StateError:
    """What to say of a file that could not be written."""
    return StateError(
        f"cannot write {path}: {error.strerror}", cure="make room, or mend the permissions"
    )
