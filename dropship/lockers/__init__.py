"""Where turns are taken: the Protocols, and nothing else.

A backend is a class with a class attribute ``Options`` (keys of its ``lock`` block); its
constructor takes an ``Options`` and a ``Place``, and talks to nobody. What it needs is imported
then: it runs before the fork.

A *scope* is what turns are taken over: all services of a lock, or one of them. Turns of a host
among its own services are not a backend's business (``lockers.host``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dropship.core.values import Md5

if TYPE_CHECKING:
    from dropship.core.watch import Watch


class Place(NamedTuple):
    """Where a lock is used.

    Attributes:
        folder: The agent's own folder for locks.
        name: What the lock is called in the configuration.
        per_service: Its scopes are services; otherwise there is one, called as the lock.
    """

    folder: Path
    name: str
    per_service: bool = False


class Holder(NamedTuple):
    """Who holds a turn, as ``dropship lock ls`` shows it.

    ``since``: seconds since the epoch; 0 of somebody who has none yet.
    """

    host: str
    pid: int
    service: str
    hash: Md5 | None
    since: float = 0.0

    @property
    def words(self) -> str:
        """For people who wait."""
        return f"{self.host} ({self.service})"


class Broken(NamedTuple):
    """That an operator broke turns: who, on which host, when, and whose they were."""

    by: str
    host: str
    since: float
    holders: tuple[str, ...]


class Standing(NamedTuple):
    """How things are with the turns of a scope.

    Attributes:
        limit: How many there are, where the engine knows.
        holders: Who holds one; somebody else's agent may be known by its session alone.
        waiting: How many wait for one, where the engine knows.
        broken: The last time that an operator broke them.
    """

    limit: int | None = None
    holders: tuple[Holder, ...] = ()
    waiting: int | None = None
    broken: Broken | None = None


class Mark(NamedTuple):
    """A digest that a host of the fleet had to take back. ``since``: seconds since the epoch."""

    md5: Md5
    host: str
    error: str
    since: float


class Lease(Protocol):
    """A turn that is held until released, lost or expired.

    Attributes:
        trouble: Why it could not be renewed when that was last tried; empty if it was.
    """

    @property
    def trouble(self) -> str: ...  # noqa: D102 - see the class

    def check(self) -> None:
        """Renew if it is time; asks nobody else. Called at least once a second.

        Raises:
            LeaseLostError: The turn is not certain any more.
        """

    def confirm(self) -> None:
        """Make sure, by asking the engine where it can be asked.

        Raises:
            LeaseLostError: The turn is not certain.
        """

    def release(self) -> None:
        """Give it back; never takes anybody else's; says nothing if it is gone already.

        Raises:
            LockError: The engine could not be told; the turn runs out by itself.
        """


class Marks(Protocol):
    """What the fleet remembers of digests that failed.

    All raise ``LockError`` where the engine cannot be asked.
    """

    def put(self, scope: str, mark: Mark) -> None:
        """Tell the fleet that a digest had to be taken back here."""

    def get(self, scope: str, md5: Md5) -> Mark | None:
        """The mark against a digest, if there is one."""

    def clear(self, scope: str, md5: Md5) -> None:
        """Lift the mark."""


class Locker(Protocol):
    """An engine that gives turns.

    Every request takes at most ten seconds. All raise ``LockError`` where the engine cannot be
    asked, with the cure in words.

    Attributes:
        marks: What it remembers beside the turns.
    """

    @property
    def marks(self) -> Marks: ...  # noqa: D102 - see the class

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> Lease:
        """Wait up to ``timeout`` seconds for one of ``limit`` turns of ``scope``.

        Reports who is waited for through ``watch``; interrupted by it. Never more than one request
        is out, and never two without a pause that is at random or the engine's own.

        Raises:
            LockError: No turn in time, or the engine is unreachable or at odds with ``limit``.
        """

    def standing(self, scope: str) -> Standing:
        """Who holds a turn now."""

    def break_turns(self, scope: str, broken: Broken) -> None:
        """Free every turn of ``scope`` at once, on record; its holders lose it.

        A limit that the engine has written down is forgotten with them, also where there are none.
        """

    def close(self) -> None:
        """Give back connections."""
