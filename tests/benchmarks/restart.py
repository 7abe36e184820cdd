"""From the SIGKILL of a worker to the first question that the new one asks the store.

The agent is the real one, as a package brings it, over OpenStack Swift's S3 API; a relay takes
down when the question passes. Each death is the first of its worker: each round has a new agent.
The policy waits 0.9 to 1.0 s; what is over is ours: to notice, to fork, to look what is there.
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import objects
from tests.benchmarks.objects import ObjectHost, Store
from tests.e2e.host import DEADLINE, eventually

TARGET: Final = 1.2
"""Seconds at most, at the first death."""

SERVICES: Final = (1, 20)
_SELDOM: Final = 3600.0  # nobody asks by the clock meanwhile


def measured(sizes: Sequence[int], rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Every number of services in turn, after an agent that installs everything."""
    program = objects.installed(folder / "program")
    with objects.store(folder / "swift") as store:
        hosts = [ObjectHost(folder / f"host-{one}", program, store, one) for one in sizes]
        for host in hosts:
            _install(host)
        spans: list[list[float]] = [[] for _ in hosts]
        for _ in range(rounds):
            for host, so_far in zip(hosts, spans, strict=True):
                so_far.append(_death(host, store))
    return [row(size, found) for size, found in zip(sizes, spans, strict=True)]


def _install(host: ObjectHost) -> None:
    host.configure(0.5)
    try:
        host.host.start()
        host.publish("1")
        host.host.stop()
    finally:
        host.host.close()
    host.configure(_SELDOM)


def _death(host: ObjectHost, store: Store) -> float:
    """Seconds from a kill to the next question."""
    name = host.names[0]
    try:
        host.host.start()
        eventually(lambda: all(map(host.host.checked, host.names)), host.host.said)
        pid, heads = host.host.pid(name), store.heads(name)
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        took = _asked(store, name, heads) - began
        host.host.stop()
    finally:
        host.host.close()
    return took


def _asked(store: Store, name: str, heads: int) -> float:
    """When (monotonic seconds) one more question came, to the millisecond."""
    until = time.monotonic() + DEADLINE
    while store.heads(name) == heads:
        if time.monotonic() > until:
            raise RuntimeError(f"the new worker of {name} asks nothing")
        time.sleep(0.001)
    return time.monotonic()


def row(services: int, spans: Sequence[float]) -> dict[str, Any]:
    """The figures of one number of services, in seconds."""
    middle = statistics.median(spans)
    return {
        "services": services,
        "median": round(middle, 3),
        "smallest": round(min(spans), 3),
        "largest": round(max(spans), 3),
        "target": TARGET,
        "met": middle <= TARGET,
    }


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"  {one['services']:3} services: {one['median']:.3f} s, {one['smallest']:.3f} to "
        f"{one['largest']:.3f} (at most {TARGET:g} s) {'ok' if one['met'] else 'MISSED'}"
        for one in found
    ]
