"""The past updates of a service: one JSON line each, newest last, the oldest given up by count.

Appending is one write to a file opened for append, so that an agent and a command line may both
add to it. A line that cannot be read (cut short by a full disk) is passed over: history explains,
it decides nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Generic, TypeVar

from dropship.errors import StateError
from dropship.state import codec
from dropship.state.document import make_folder, sync_folder, unwritable, write_all

T = TypeVar("T")

KEEP: Final = 500
"""Updates remembered."""

# Rotation rewrites the file: once in so many updates, not at every one.
_SLACK: Final = 100


class History(Generic[T]):
    """Entries of one type at one path."""

    def __init__(self, path: Path, cls: type[T], *, keep: int = KEEP, slack: int = _SLACK) -> None:
        self.path = path
        self._cls = cls
        self._keep = keep
        self._slack = slack

    def append(self, entry: T) -> None:
        """Add an entry, durably.

        Raises:
            StateError: It cannot be written.
        """
        line = json.dumps(codec.encode(entry), separators=(",", ":")).encode("ascii") + b"\n"
        try:
            make_folder(self.path.parent)
            self._add(line)
            self._rotate()
        except OSError as error:
            raise unwritable(self.path, error) from error

    def newest(self, limit: int | None = None) -> tuple[T, ...]:
        """Up to ``limit`` entries, newest first.

        Raises:
            StateError: The file cannot be read.
        """
        found: list[T] = []
        for line in reversed(self._lines()):
            if limit is not None and len(found) >= limit:
                break
            found.extend(self._read(line))
        return tuple(found)

    def _add(self, line: bytes) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        new = not self.path.exists()
        # Hooks' output is in here: not for everybody.
        fd = os.open(self.path, flags, 0o640)
        try:
            write_all(fd, _mended(fd) + line)
            os.fsync(fd)
        finally:
            os.close(fd)
        if new:
            sync_folder(self.path.parent)

    def _rotate(self) -> None:
        lines = self._lines()
        if len(lines) < self._keep + self._slack:
            return
        shorter = self.path.with_name(self.path.name + ".next")
        fd = os.open(shorter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        try:
            write_all(fd, b"".join(line + b"\n" for line in lines[-self._keep :]))
            os.fsync(fd)
        finally:
            os.close(fd)
        shorter.rename(self.path)
        sync_folder(self.path.parent)

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateError(
                f"cannot read {self.path}: {error.strerror}", cure="run as the agent's user"
            ) from error

    def _read(self, line: bytes) -> Iterator[T]:
        try:
            yield codec.decode(self._cls, json.loads(line), str(self.path))
        except (ValueError, RecursionError, StateError):
            return


def _mended(fd: int) -> bytes:
    """The newline that a line cut short by a full disk lacks."""
    size = os.fstat(fd).st_size
    return b"\n" if size and os.pread(fd, 1, size - 1) != b"\n" else b""
