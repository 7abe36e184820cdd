"""From the moment a release is published to the last of twenty hosts that runs it, one turn for all.

Twenty agents on this machine, each with its own state and destination, over each engine. The first
of them sees it after a check interval at most; then one after the other takes its turn.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.e2e.fleet import Fleet, running
from tests.engines import ENGINES

HOSTS: Final = 20
INTERVAL: Final = 2.0
"""Seconds between two checks of a host; the random part of it is left at its default."""

EACH: Final = 0.3
"""Seconds at most for each host, over the interval."""

_PATIENCE: Final = 300.0


def measured(hosts: int, rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Every engine: a fleet that installs everything, then so many releases."""
    return [_engine(name, hosts, rounds, folder) for name in ENGINES]


def _engine(name: str, hosts: int, rounds: int, folder: Path) -> dict[str, Any]:
    server, own = folder / f"{name}-server", folder / name
    for one in (server, own):
        one.mkdir()
    with ExitStack() as stack:
        block = stack.enter_context(ENGINES[name](server))
        fleet = stack.enter_context(running(own, hosts, block(own)))
        fleet.configure(interval=f"{INTERVAL:g}s")
        fleet.publish({"version": "0"})
        fleet.start()
        fleet.until_version("0", _PATIENCE)
        return row(name, hosts, [_rolled_out(fleet, f"{one + 1}") for one in range(rounds)])


def _rolled_out(fleet: Fleet, version: str) -> float:
    """Seconds from publishing to the last host."""
    # Not in step with their checks.
    time.sleep(INTERVAL)
    began = time.monotonic()
    fleet.publish({"version": version})
    fleet.until_version(version, _PATIENCE)
    return time.monotonic() - began


def row(engine: str, hosts: int, spans: Sequence[float]) -> dict[str, Any]:
    """The figures of one engine, in seconds."""
    middle, target = median(spans), INTERVAL + hosts * EACH
    return {
        "engine": engine,
        "hosts": hosts,
        "interval": INTERVAL,
        "median": round(middle, 2),
        "smallest": round(min(spans), 2),
        "largest": round(max(spans), 2),
        "target": target,
        "met": middle <= target,
    }


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"  {one['engine']:8} {one['hosts']} hosts: {one['median']:.2f} s, {one['smallest']:.2f} to "
        f"{one['largest']:.2f} (at most {one['target']:g} s) {'ok' if one['met'] else 'MISSED'}"
        for one in found
    ]
