"""What an agent takes while nothing changes: memory per service and in all, processor per check.

The agent is the real one, as a package brings it, over OpenStack Swift's S3 API; a relay counts
what is asked. Workers are looked at between checks, after each has done five: once before an
update ("checked") and once after it ("updated", which is how they live). Intervals grow with the
number of services, so that it is never the store that is measured.

Other kinds of credentials than keys in the configuration are measured on demand; "lent" is how often
an agent's two lives had them given: once a worker and life where they are lent at all.

USS is what a worker alone has. The contestant for the processor is a loop of boto3's
``head_object`` over the same objects in one warm process; what is told is the ratio.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import objects
from tests.benchmarks.lender import KINDS, lending
from tests.benchmarks.looking import EVERY
from tests.benchmarks.memory import of_tree
from tests.benchmarks.objects import ObjectHost, Store
from tests.benchmarks.packaged import Packaged

SERVICES: Final = (1, 20, 100)
TARGETS: Final = {"worker": 7.5, "agent": 70.0, "ratio": 1.2}
"""MiB of a worker's own, MiB of all processes with one service, times boto3's processor."""

_CHECKS: Final = 5
_LOOKS: Final = 5
_A_SECOND: Final = 25.0  # checks, of all services
_OFTEN: Final = 0.5
_WINDOW: Final = 10.0
_LOOP: Final = 200


def measured(
    sizes: Sequence[int], rounds: int, folder: Path, kinds: Sequence[str] = KINDS[:1]
) -> list[dict[str, Any]]:
    """An agent for each kind of credentials and number of services."""
    program = objects.installed(folder / "program")
    found = []
    with objects.store(folder / "swift") as store, lending(folder / "kinds") as lender:
        for kind in kinds:
            for size in sizes:
                place, lent = folder / f"host-{kind}-{size}", lender.lent
                host = ObjectHost(place, program, store, size, lender.given(kind))
                told = _life(host, rounds, program, store)
                found.append({"credentials": kind, **told, "lent": lender.lent - lent})
    return found


def _life(host: ObjectHost, rounds: int, program: Packaged, store: Store) -> dict[str, Any]:
    services = len(host.names)
    interval = max(_OFTEN, services / _A_SECOND)
    host.configure(interval)
    try:
        host.start()
        host.publish("1")
        host.host.stop()
        # What the first installation left in memory would hide what the update leaves.
        host.start()
        host.checks(_CHECKS)
        checked = _looked(host)
        host.publish("2")
        host.checks(_CHECKS)
        updated = _looked(host)
        spent, looped = [], []
        for _ in range(rounds):
            spent.append(objects.window(host, store, max(_WINDOW, 2 * interval)))
            looped.append(objects.looped(program, store, host.names, _LOOP))
        host.host.stop()
    finally:
        host.host.close()
    return row(services, checked, updated, spent, looped)


def _looked(host: ObjectHost) -> dict[str, float]:
    """MiB: of workers, the middle and the largest, and of all."""
    pids = host.workers()
    looks: dict[int, list[int]] = {pid: [] for pid in pids}
    trees = []
    for _ in range(_LOOKS):
        time.sleep(EVERY)
        for pid, sizes in looks.items():
            sizes.append(objects.own(pid))
        trees.append(of_tree(host.host.agent.pid))
    own = [statistics.median(sizes) for sizes in looks.values()]
    return {
        "worker": _mib(statistics.median(own)),
        "largest worker": _mib(max(own)),
        "supervisor": _mib(objects.own(host.host.agent.pid)),
        "agent": _mib(statistics.median(trees)),
    }


def _mib(size: float) -> float:
    return round(size / (1 << 20), 2)


def row(
    services: int,
    checked: Mapping[str, float],
    updated: Mapping[str, float],
    spent: Sequence[float],
    looped: Sequence[float],
) -> dict[str, Any]:
    """The figures of one number of services."""
    ratio = statistics.median(spent) / statistics.median(looped)
    met = {"worker": updated["worker"] <= TARGETS["worker"], "ratio": ratio <= TARGETS["ratio"]}
    if services == 1:
        met["agent"] = updated["agent"] <= TARGETS["agent"]
    return {
        "services": services,
        "MiB, checked": dict(checked),
        "MiB, updated": dict(updated),
        "ms per check": round(1000 * statistics.median(spent), 2),
        "ms per check, at best": round(1000 * min(spent), 2),
        "boto3's ms": round(1000 * statistics.median(looped), 2),
        "boto3's ms, at best": round(1000 * min(looped), 2),
        "ratio": round(ratio, 2),
        "targets": {name: TARGETS[name] for name in met},
        "met": met,
    }


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"  {one.get('credentials', KINDS[0]):12} {one['services']:3} services: a worker {one['MiB, checked']['worker']:.1f} MiB, after "
        f"an update {one['MiB, updated']['worker']:.1f} {_verdict(one, 'worker')}; all "
        f"{one['MiB, updated']['agent']:.1f} MiB{_verdict(one, 'agent')}; a check "
        f"{one['ms per check']:.2f} ms, {one['ratio']:.2f} times boto3's {_verdict(one, 'ratio')}"
        for one in found
    ]


def _verdict(row: Mapping[str, Any], what: str) -> str:
    if what not in row["met"]:
        return ""
    return f" (at most {TARGETS[what]:g}) {'ok' if row['met'][what] else 'MISSED'}"
