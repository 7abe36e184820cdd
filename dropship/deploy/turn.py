"""The turn of one service: taken, kept alive while it is used, made sure of, given back."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Collection

from dropship.core.values import Md5
from dropship.core.watch import Watch
from dropship.deploy import marks
from dropship.deploy.rig import Rig
from dropship.errors import LeaseLostError, LockError
from dropship.lockers import Holder, Lease, Mark

PATIENCE: float = 3600.0
"""Seconds to wait for a turn before the store is asked again what there is to do."""


class Turn:
    """At most one lease at a time; without a locker every turn is certain."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._lease: Lease | None = None
        self._lost: LeaseLostError | None = None
        self._owed: Mark | None = None

    def take(self, watch: Watch, md5: Md5 | None) -> None:
        """Wait for the turn, to install the bytes with this md5.

        Raises:
            LockError: It cannot be had.
        """
        locker = self._rig.locker
        if locker is None:
            return
        service = self._rig.service
        holder = Holder(socket.gethostname(), os.getpid(), service.name, md5)
        self._lost = None
        self._lease = locker.acquire(
            self._rig.scope, service.max_parallel, holder, timeout=PATIENCE, watch=watch
        )

    def keep(self) -> None:
        """Renew the lease if it is time; a loss is kept for ``certain`` to tell."""
        if self._lease is None or self._lost is not None:
            return
        try:
            self._lease.check()
        except LeaseLostError as error:
            self._lost = error

    def certain(self) -> None:
        """Make sure that the turn is still ours, if one was taken.

        Raises:
            LeaseLostError: It is not certain.
        """
        if self._lost is not None:
            raise self._lost
        if self._lease is not None:
            self._lease.confirm()

    @property
    def trouble(self) -> str:
        """What is wrong with it: that it is lost, or why it could not be renewed; else empty."""
        if self._lost is not None:
            return f"the turn is lost: {self._lost}"
        return self._lease.trouble if self._lease is not None else ""

    @property
    def lost(self) -> LeaseLostError | None:
        """Why the lease is not certain any more."""
        return self._lost

    def leave(self) -> None:
        """Give it back, if it is held.

        Raises:
            LockError: The engine could not be told; the lease runs out by itself.
        """
        lease, self._lease = self._lease, None
        self._lost = None
        if lease is not None:
            lease.release()

    def marked(self, md5: Md5 | None) -> str | None:
        """Why the fleet does not want these bytes, if it does not."""
        locker = self._rig.locker
        if locker is None or md5 is None:
            return None
        mark = locker.marks.get(self._rig.scope, md5)
        if mark is None:
            return None
        return marks.told(mark)

    def mark(self, md5: Md5 | None, error: str) -> None:
        """Tell the fleet that these bytes failed here.

        Raises:
            LockError: The engine could not be told.
        """
        if md5 is None:
            return
        self._owed = Mark(md5, socket.gethostname(), error, time.time())
        try:
            self.mark_owed({md5})
        except LockError as fault:
            later = "" if fault.permanent else ", and will be told"
            raise LockError(
                f"the fleet was not told{later} that {md5} failed here: {fault.args[0]}",
                cure=fault.cure,
            ) from fault

    def mark_owed(self, quarantined: Collection[Md5]) -> None:
        """Tell the fleet of a failure that it could not be told of, if that is still in quarantine.

        Raises:
            LockError: It still cannot.
        """
        locker, owed = self._rig.locker, self._owed
        if locker is not None and owed is not None and owed.md5 in quarantined:
            try:
                locker.marks.put(self._rig.scope, owed)
            except LockError as error:
                if error.permanent:
                    self._owed = None
                raise
        self._owed = None
