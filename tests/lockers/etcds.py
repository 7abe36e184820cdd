"""Lockers over etcd for tests: keys of their own each, and no long times to live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dropship.core.values import Duration, Secret
from dropship.lockers import Locker, Place
from dropship.lockers.etcd import EtcdLocker, EtcdOptions
from tests.servers.etcd import PASSWORD, PREFIX, USER, Etcd

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
