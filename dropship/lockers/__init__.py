"""Where turns are taken: the Protocol, and nothing else.

A backend is a class with a class attribute ``Options`` (keys of its ``lock`` block); its
constructor takes an ``Options`` and a ``pathlib.Path`` (the agent's own folder for locks) and
talks to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from dropship.core.values import Md5

if TYPE_CHECKING:
    from dropship.core.watch import Watch


class Holder(NamedTuple):
    """Who holds a turn, as ``dropship lock ls`` shows it. ``since``: seconds since the epoch."""

    host: str
    pid: int
    service: str
    hash: Md5 | None
    since: float


class Mark(NamedTuple):
    """A digest that a host of the fleet had to take back. ``since``: seconds since the epoch."""

    md5: Md5
    host: str
    error: str
    since: float


class Lease(Protocol):
    """A turn that is held until released, lost or expired."""

    def check(self) -> None:
        """Renew if it is time, and make sure.

        Raises:
            LeaseLostError: The turn is not certain any more.
        """

    def release(self) -> None:
        """Give it back; never takes anybody else's; says nothing if it is gone already."""


class Locker(Protocol):
    """An engine that gives turns and remembers the fleet's failed digests."""

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> Lease:
        """Wait up to ``timeout`` seconds for one of ``limit`` turns of ``scope``.

        Reports who is waited for through ``watch``; interrupted by it.

        Raises:
            LockError: No turn in time, or the engine is unreachable or at odds with ``limit``.
        """

    def mark_failed(self, scope: str, mark: Mark) -> None:
        """Tell the fleet that a digest had to be taken back here."""

    def failed(self, scope: str, md5: Md5) -> Mark | None:
        """The mark against a digest, if there is one."""

    def clear(self, scope: str, md5: Md5) -> None:
        """Lift the mark."""
