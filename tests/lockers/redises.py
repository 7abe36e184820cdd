"""Lockers over Redis for tests: a function that makes one for a host's place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dropship.core.values import Duration
from dropship.lockers import Locker, Place
from dropship.lockers.redis import RedisLocker, RedisLockerOptions
from tests.servers.redis import Redis

TTL = 6.0


def redis_fleet(server: Redis, folder: Path) -> Callable[[Place], Locker]:
    """Over Redis; ``folder`` keeps one test's keys from another's."""
    server.settle(TTL)
    options = RedisLockerOptions(url=server.url, prefix=str(folder), ttl=Duration.of(TTL))
    return lambda place: RedisLocker(options, place)
