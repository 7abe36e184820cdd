"""Writing a new tree out to the disk while it grows, so that little is left to do at its end."""

from __future__ import annotations

import os
import threading
from typing import Final

from dropship.linux.disk import syncfs

_STEP_BYTES: Final = 32 << 20
_BLOCK_BYTES: Final = 4 << 10
"""What a piece takes besides itself: the rest of its last block, names, inodes."""


class Writeback:
    """Of the file system that ``folder`` is on, a descriptor opened before anything was written.

    Its thread is there once there is enough to do, and ends with the process.
    """

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._waiting = 0
        self._wake: threading.Event | None = None

    def wrote(self, count: int) -> None:
        """A piece of so many bytes was written."""
        self._waiting += count + _BLOCK_BYTES
        if self._waiting >= _STEP_BYTES:
            self._waiting = 0
            self._begin()

    def finish(self) -> None:
        """Return when all is on the disk.

        Raises:
            OSError: Something could not be written, now or before.
        """
        syncfs(self._folder)

    def _begin(self) -> None:
        if self._wake is None:
            # A description of its own: the kernel tells each of an error once, and it is the
            # one of ``finish`` that must hear of all.
            folder = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._folder)
            self._wake = threading.Event()
            try:
                threading.Thread(target=_write_out, args=(folder, self._wake), daemon=True).start()
            except RuntimeError:  # there can be no more threads: ``finish`` writes it all out
                os.close(folder)
        self._wake.set()


def _write_out(folder: int, wake: threading.Event) -> None:
    try:
        while wake.wait():
            wake.clear()
            syncfs(folder)
    except OSError:
        os.close(folder)  # ``finish`` will hear of it too
