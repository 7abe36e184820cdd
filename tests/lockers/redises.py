"""Lockers over Redis for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from dropship.core.values import Duration, Secret
from dropship.lockers import Holder, Locker, Place
from dropship.lockers.redis import RedisKeys, RedisLocker, RedisLockerOptions
from dropship.lockers.redis_server import Login, RedisServer, Tls
from dropship.lockers.slots import SlotLocker
from dropship.lockers.timed import TimedLease
from tests.exec.runs import Watcher
from tests.servers.redis import Redis

HOLDER: Final = Holder(host="web-01", pid=1, service="api", hash=None)
TTL: Final = 2.0
"""The shortest; a server gives no turn in the first seconds of its own, as many."""

_FLEET_TTL: Final = 6.0


def redis_fleet(server: Redis, folder: Path) -> Callable[[Place], Locker]:
    """Makes a locker for a host's place; ``folder`` keeps one test's keys from another's."""
    server.settle(_FLEET_TTL)
    options = RedisLockerOptions(url=server.url, prefix=str(folder), ttl=Duration.of(_FLEET_TTL))
    return lambda place: RedisLocker(options, place)


def locker(url: str, *, ttl: float = TTL, **keys: object) -> RedisLocker:
    """One host's."""
    options = RedisLockerOptions(url=url, ttl=Duration.of(ttl), **keys)
    return RedisLocker(options, Place(Path("/nowhere"), "all"))


def settled(url: str, *, ttl: float = 60.0) -> SlotLocker:
    """The same, over a server that is known to have been there for long."""
    server = RedisServer(url, Login("", Secret("")), Tls("", "", ""), patience=min(5.0, ttl / 3))
    return SlotLocker(RedisKeys(server, settling=0.0), prefix="dropship", ttl=ttl)


def take(
    one: SlotLocker, scope: str, *, timeout: float = 0.0, watch: Watcher | None = None
) -> TimedLease:
    """The only turn of a scope."""
    return one.acquire(scope, 1, HOLDER, timeout=timeout, watch=watch or Watcher())
