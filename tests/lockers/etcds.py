"""Lockers over etcd for tests: keys of their own each, and no long times to live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dropship.core.values import Duration, Md5, Secret
from dropship.lockers import Holder, Lease, Locker, Place
from dropship.lockers.etcd import EtcdLocker, EtcdOptions
from tests.exec.runs import Watcher
from tests.servers.etcd import PASSWORD, PREFIX, USER, Etcd

HOLDER = Holder(host="web-01", pid=1, service="api", hash=Md5("9" * 32))

TTL = 6.0
"""Seconds: long enough for members that elect a leader on a slow machine."""


def locker(etcd: Etcd, **keys: Any) -> EtcdLocker:
    """One as its user has it; ``keys`` go before what is usual here."""
    usual: dict[str, Any] = {
        "endpoints": etcd.urls,
        "prefix": PREFIX,
        "ttl": Duration.of(TTL),
    }
    if etcd.client is not None:
        usual |= {
            "user": USER,
            "password": Secret(PASSWORD),
            "ca_file": str(etcd.authority),
            "cert_file": str(etcd.client.cert),
            "key_file": str(etcd.client.key),
        }
    return EtcdLocker(EtcdOptions(**{**usual, **keys}), Place(Path("/nowhere"), "all"))


def hosts(etcd: Etcd, folder: Path) -> Callable[[Place], Locker]:
    """What gives each host its locker; nothing is shared with other tests."""
    return lambda _: locker(etcd, prefix=f"{PREFIX}{folder.name}", ttl=Duration.of(30))


def take(
    mine: EtcdLocker, host: str = "web-01", *, scope: str = "all", timeout: float = 0.0
) -> Lease:
    """The only turn of a scope."""
    return mine.acquire(scope, 1, HOLDER._replace(host=host), timeout=timeout, watch=Watcher())
