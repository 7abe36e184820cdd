"""This host's own turn, before the fleet's: two services of a host never hold a turn each.

A lock on a file in the agent's own folder, one for each lock and scope; the kernel gives it back
when its holder dies.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dropship.core.watch import Watch
from dropship.errors import LockError
from dropship.linux import ofd
from dropship.lockers import Broken, Holder, Lease, Locker, Marks, Standing, records
from dropship.lockers.patience import Patience

_POLL: Final = (0.1, 0.4)
_LONGEST: Final = 4096  # bytes of what stands in the file


class HostFirst:
    """A ``Locker`` over another, called ``name`` in the configuration; ``folder``: the agent's own."""

    def __init__(self, locker: Locker, folder: Path, name: str) -> None:
        self._locker = locker
        self._folder = folder
        self._name = name

    @property
    def marks(self) -> Marks:
        """The engine's."""
        return self._locker.marks

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> Lease:
        """Wait for this host's turn, then for the fleet's.

        Raises:
            LockError: No turn in time, or it cannot be asked for.
        """
        patience = Patience(scope, timeout, watch, _POLL)
        own = self._own(scope, holder, patience)
        try:
            left = max(0.0, patience.left)
            lease = self._locker.acquire(scope, limit, holder, timeout=left, watch=watch)
        except BaseException:
            _free(own)
            raise
        return _Lease(lease, own)

    def standing(self, scope: str) -> Standing:
        """Who holds a turn of the fleet's now."""
        return self._locker.standing(scope)

    def break_turns(self, scope: str, broken: Broken) -> None:
        """Free the fleet's turns; a host's own is free when its holder has noticed, or died."""
        self._locker.break_turns(scope, broken)

    def close(self) -> None:
        """Give back connections."""
        self._locker.close()

    def _own(self, scope: str, holder: Holder, patience: Patience) -> int:
        path = self._folder / f"host-{quote(f'{self._name}/{scope}', safe=' ')}.lock"
        try:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise LockError(
                f"the lock {path}: {error.strerror}", cure="let the agent write there"
            ) from error
        try:
            while not ofd.lock_exclusive(descriptor):
                # Just taken, and not written yet, is nobody's.
                other = records.holder(os.pread(descriptor, _LONGEST, 0).decode(errors="replace"))
                patience.tell([other.words])
                patience.rest()
            text = records.text(holder).encode()
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


class _Lease:
    """A turn of the fleet's and this host's own."""

    def __init__(self, lease: Lease, own: int) -> None:
        self._lease = lease
        self._own = own

    @property
    def trouble(self) -> str:
        """As the fleet's."""
        return self._lease.trouble

    def check(self) -> None:
        """As the fleet's."""
        self._lease.check()

    def confirm(self) -> None:
        """As the fleet's."""
        self._lease.confirm()

    def release(self) -> None:
        """Give both back, the fleet's first."""
        try:
            self._lease.release()
        finally:
            own, self._own = self._own, -1
            if own >= 0:
                _free(own)


def _free(own: int) -> None:
    with suppress(OSError):  # closing frees the lock all the same
        os.ftruncate(own, 0)
    os.close(own)
