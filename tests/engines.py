"""The engines that fleets of tests take turns at: each with a server of its own where it needs one.

Whoever tries something over all of them goes by ``ENGINES``: a new engine is one more entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

from tests.servers import consul, etcd, redis

_REDIS_TTL = 10.0

LOCK = "turns"
"""What the lock is called in each block."""

Block: TypeAlias = Callable[[Path], str]
"""Gives the lock block of a fleet, by the folder of that fleet: each has turns of its own."""

Engine: TypeAlias = Callable[[Path], AbstractContextManager[Block]]
"""Runs what it needs, in a folder."""


@contextmanager
def _file(_: Path) -> Iterator[Block]:
    yield lambda fleet: _block("file", f'path = "{fleet}/turns"')


@contextmanager
def _consul(folder: Path) -> Iterator[Block]:
    with consul.running(folder) as server:
        address = f'address = "{server.address}"'
        yield lambda fleet: _block("consul", address, f'prefix = "{_name(fleet)}"')


@contextmanager
def _etcd(folder: Path) -> Iterator[Block]:
    with etcd.running(folder) as server:
        urls = ", ".join(f'"{url}"' for url in server.urls)
        yield lambda fleet: _block("etcd", f"endpoints = [{urls}]", f'prefix = "/{_name(fleet)}"')


@contextmanager
def _redis(folder: Path) -> Iterator[Block]:
    with redis.running(folder) as server:
        # It gives none for a time after its start; blocks are asked for when it does.
        server.settle(_REDIS_TTL)
        keys = (f'url = "{server.url}"', f'ttl = "{_REDIS_TTL:g}s"')
        yield lambda fleet: _block("redis", *keys, f'prefix = "{_name(fleet)}"')


def _name(fleet: Path) -> str:
    """What the turns of a fleet are kept under."""
    return hashlib.sha256(bytes(fleet)).hexdigest()[:16]


def _block(kind: str, *keys: str, per_service: bool = True) -> str:
    lines = [f'type = "{kind}"', f"perService = {str(per_service).lower()}", *keys]
    return "\n  ".join([f'lock "{LOCK}" {{', *lines]) + "\n}\n"


ENGINES: Mapping[str, Engine] = {
    "file": _file,
    "consul": _consul,
    "etcd": _etcd,
    "redis": _redis,
}
