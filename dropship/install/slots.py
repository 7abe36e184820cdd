"""How many stagings there may be at a time on this host: ``maxStagings``.

Each takes one of so many locks on files that are never deleted. They are shared by all processes
that have the same ``state_path``: the agent's workers, and commands beside it. Whoever dies gives
its lock back by that (see ``linux.ofd``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.core.watch import Progress, Watch
from dropship.errors import StageError
from dropship.linux import ofd

_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Slots:
    """``count`` slots, with their locks in ``folder``."""

    folder: Path
    count: int

    @contextmanager
    def one(self, watch: Watch) -> Iterator[None]:
        """Have one while this lasts; waits, attentively, until one is free.

        Raises:
            StageError: The locks cannot be used.
        """
        fd = self._free()
        while fd is None:
            watch.report(Progress(note=f"waits for one of {self.count} stagings"))
            watch.wait(_LOOK_SECONDS)
            fd = self._free()
        try:
            yield
        finally:
            # Not only closed: an unpacker may just have been forked, and have a copy.
            ofd.unlock(fd)
            os.close(fd)

    def _free(self) -> int | None:
        try:
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            for number in range(1, self.count + 1):
                fd = self._locked(self.folder / f"{number}.lock")
                if fd is not None:
                    return fd
        except OSError as error:
            raise StageError(
                f"the locks in {self.folder} cannot be used: {error.strerror}",
                cure=f"let user {os.geteuid()} write there",
            ) from error
        return None

    @staticmethod
    def _locked(path: Path) -> int | None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            taken = ofd.lock_exclusive(fd)
        except BaseException:
            os.close(fd)
            raise
        if taken:
            return fd
        os.close(fd)
        return None
