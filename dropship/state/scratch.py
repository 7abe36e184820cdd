"""One JSON document that need not outlive the kernel, written in place.

A rename over a file makes ext4 write the new one out there and then, and whoever renames waits
behind everybody else's writes, sync or none. So this one is never renamed: each ``save`` is one
write over the one before, which a kill leaves whole, since it is far below a page. What a longer
one has left behind it is passed over by readers.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Generic, TypeVar

from dropship.errors import StateError
from dropship.state import codec
from dropship.state.document import make_folder, unwritable, write_all

T = TypeVar("T")


class Scratch(Generic[T]):
    """A document of one type at one path."""

    def __init__(self, path: Path, cls: type[T]) -> None:
        self.path = path
        self._cls = cls

    def load(self) -> T | None:
        """What stands there; None if nothing does, or nothing that can be read."""
        try:
            text = self.path.read_text("ascii")
            data, _end = json.JSONDecoder().raw_decode(text)
            return codec.decode(self._cls, data, str(self.path))
        except (OSError, ValueError, RecursionError, StateError):
            return None

    def save(self, value: T) -> None:
        """Write over what stands there.

        Raises:
            StateError: It cannot be written.
        """
        text = json.dumps(codec.encode(value), ensure_ascii=True) + "\n"
        try:
            make_folder(self.path.parent)
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            try:
                write_all(fd, text.encode("ascii"))
            finally:
                os.close(fd)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def remove(self) -> None:
        """Take it away; it may be gone already.

        Raises:
            StateError: It cannot be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from error
