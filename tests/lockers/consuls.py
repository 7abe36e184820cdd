"""Hosts that take turns in a Consul, without the rest of them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from dropship.core.values import Duration, Md5
from dropship.lockers import Broken, Holder, Place
from dropship.lockers.consul import ConsulLocker, ConsulLockerOptions
from dropship.lockers.timed import TimedLease
from tests.exec.runs import Watcher
from tests.servers.consul import Consul

HOLDER = Holder(host="web-01", pid=42, service="api", hash=Md5("9" * 32))
BROKEN = Broken("ada", "ops", 5.0, ("web-01 (api)",))


class Hosts:
    """Lockers for one prefix of a Consul, short-lived unless something else is said."""

    def __init__(self, consul: Consul, prefix: str = "") -> None:
        self.consul = consul
        self.prefix = prefix or secrets.token_hex(8)

    def locker(self, *, per_service: bool = False, **options: Any) -> ConsulLocker:
        """One host's."""
        given = {"address": self.consul.address, "prefix": self.prefix, "ttl": Duration.of(2)}
        return ConsulLocker(
            ConsulLockerOptions(**{**given, **options}), Place(Path(), "all", per_service)
        )

    @property
    def base(self) -> str:
        """Where the semaphore is."""
        return f"dropship/services/{self.prefix}"

    def left(self) -> list[str]:
        """The names of all its keys, without what they have in common."""
        found = self.consul.ask("GET", "kv/dropship?keys")
        return [one.removeprefix(f"{self.base}/") for one in found if self.prefix in one]


def take(
    locker: ConsulLocker,
    *,
    limit: int = 1,
    timeout: float = 0.0,
    scope: str = "all",
    host: str = "web-01",
    watch: Watcher | None = None,
) -> TimedLease:
    """A turn, at once or within ``timeout``."""
    holder = HOLDER._replace(host=host)
    return locker.acquire(scope, limit, holder, timeout=timeout, watch=watch or Watcher())
