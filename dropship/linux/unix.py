"""Unix sockets at any path: the kernel's ``sun_path`` has room for 107 bytes (unix(7))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LONGEST: Final = 107


@contextmanager
def address(path: Path) -> Iterator[str]:
    """A name of the socket ``path`` that ``bind`` and ``connect`` take, while the block lasts.

    Raises:
        OSError: The folder of a path that is too long cannot be opened.
    """
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
