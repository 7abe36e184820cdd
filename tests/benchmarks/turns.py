"""How long a host holds a turn, with no-op hooks: from the moment others may see it to its being free.

One agent over each engine; a program beside it asks the engine again and again who holds the turn, so
that what others have to wait for is what counts. What it asks is a load for the engine, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from dropship.config.load import load
from dropship.deploy.rig import Rig, Workshop
from tests.e2e.fleet import Fleet, running
from tests.e2e.host import DEADLINE, Host
from tests.engines import ENGINES

TARGET: Final = 0.150
"""Seconds at most that a turn is held."""

_HOOKS: Final = """before "script" { command = ":" }
  after "script" { command = ":" }"""
_PAUSE: Final = 0.001  # seconds between two questions
_INTERVAL: Final = "500ms"


@dataclass
class _Contestant:
    """A fleet of one host over an engine, and whoever asks the engine."""

    name: str
    fleet: Fleet
    rig: Rig
    spans: list[float]


def measured(rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Every engine in turn, after an update that does not count."""
    with ExitStack() as stack:
        contestants = [_contestant(stack, name, folder) for name in ENGINES]
        for number in range(rounds + 1):
            for one in contestants:
                span = _held(one, f"{number + 1}")
                if number:
                    one.spans.append(span)
    return [row(one.name, one.spans) for one in contestants]


def _contestant(stack: ExitStack, name: str, folder: Path) -> _Contestant:
    server, own = folder / f"{name}-server", folder / name
    for one in (server, own):
        one.mkdir()
    block = stack.enter_context(ENGINES[name](server))
    fleet = stack.enter_context(running(own, 1, block(own)))
    fleet.configure(lambda _: _HOOKS, interval=_INTERVAL)
    fleet.publish({"version": "0"})
    fleet.start()
    fleet.until_version("0")
    return _Contestant(name, fleet, _rig(fleet.store), [])


def _rig(host: Host) -> Rig:
    loaded = load(host.config, environ={}, cwd=host.folder, euid=0)
    if loaded.config is None:
        raise RuntimeError(f"the configuration is at fault: {loaded.diagnostics}")
    return Workshop(loaded.config, {}).rig(loaded.config.services[0])


def _held(one: _Contestant, version: str) -> float:
    """Seconds that an update holds its turn."""
    one.fleet.publish({"version": version})
    began = _when(one, lambda held: held)
    ended = _when(one, lambda held: not held)
    one.fleet.store.until_version(version)
    return ended - began


def _when(one: _Contestant, wanted: Callable[[bool], bool]) -> float:
    """When (monotonic seconds) the engine says that somebody holds the turn, or nobody does."""
    locker, until = one.rig.locker, time.monotonic() + DEADLINE
    if locker is None:
        raise RuntimeError("no turns are taken")
    while not wanted(bool(locker.standing(one.rig.scope).holders)):
        if time.monotonic() > until:
            raise RuntimeError(f"{one.name}: no update: {one.fleet.said()}")
        time.sleep(_PAUSE)
    return time.monotonic()


def row(engine: str, spans: Sequence[float]) -> dict[str, Any]:
    """The figures of one engine, in seconds."""
    middle = median(spans)
    return {
        "engine": engine,
        "median": round(middle, 4),
        "smallest": round(min(spans), 4),
        "largest": round(max(spans), 4),
        "target": TARGET,
        "met": middle <= TARGET,
    }


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"  {one['engine']:8} {1000 * one['median']:6.1f} ms, {1000 * one['smallest']:.1f} to "
        f"{1000 * one['largest']:.1f} (at most {1000 * TARGET:g} ms) "
        f"{'ok' if one['met'] else 'MISSED'}"
        for one in found
    ]
