"""The long checks at their full size: ``python -m tests.long [NAME …]``, or ``tox -e long``.

Each leaves a dated result in docs/development/results: size, seed, what was seen.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dropship import __version__
from tests.core.reference import program as go
from tests.core.reference import run as rendering
from tests.e2e import chaos, fire
from tests.e2e import soak as endurance
from tests.e2e import suspend as sleeping
from tests.e2e.host import Host
from tests.engines import ENGINES
from tests.faults import downloads as spoiled
from tests.faults import matrix as deaths
from tests.faults import scenes
from tests.fuzz import guided
from tests.fuzz import language as spoiled_texts
from tests.fuzz import run as fuzz
from tests.fuzz.pieces import pieces
from tests.hcl.reference import library
from tests.hcl.reference import run as reference
from tests.lockers import contention as contenders
from tests.power import cuts, machine
from tests.servers import nginx, swift

RESULTS = Path(__file__).parents[1] / "docs" / "development" / "results"


def kills() -> Mapping[str, Any]:
    """SIGKILL at 100 random moments to worker, unpacker and supervisor in turn."""
    size, seed = 100, 20261123
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        try:
            seen = dataclasses.asdict(chaos.rounds(host, size, seed))
        finally:
            host.close()
    good = not (seen["torn"] or seen["litter"] or seen["orphans"]) and seen["kills"] == size
    return {"size": size, "seed": seed, "good": good, **seen}


def reloads() -> Mapping[str, Any]:
    """500 reloads, valid and broken, while services update all the time."""
    size, seed = 500, 20261124
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        try:
            seen = dataclasses.asdict(fire.rounds(host, size, seed))
        finally:
            host.close()
    return {"size": size, "seed": seed, "good": not seen["faults"], **seen}


def archives() -> Mapping[str, Any]:
    """1,000,000 random archives, most of them nearly good, unpacked one after the other."""
    size, seed = 1_000_000, 20261124
    seen = fuzz.run(size, seed)
    return {
        "size": size,
        "seed": seed,
        "good": not seen.faults and seen.inputs == size,
        "accepted": seen.accepted,
        "reasons": len(seen.reasons),
        "slowest": round(seen.slowest, 3),
        "faults": {str(number): fault for number, fault in seen.faults.items()},
    }


def language() -> Mapping[str, Any]:
    """Spoiled configurations, half an hour of them or LANGUAGE_SECONDS: changed, put together, led by coverage."""
    seconds, seed = float(os.environ.get("LANGUAGE_SECONDS", "1800")), 20261124
    with ProcessPoolExecutor(2) as pool:
        led = pool.submit(guided.child, int(seconds / 2), seed)
        changed = spoiled_texts.run(10**9, seed, seconds=seconds / 4)
        built = pieces(seed, seconds / 4, 10**9)
        guided_by = led.result()
    return {
        "seconds_in_all": seconds,
        "seed": seed,
        "good": not changed.faults and not built.faults and guided_by["exit"] == 0,
        "changed": _told(changed),
        "built": _told(built),
        "guided": guided_by,
    }


def _told(seen: fuzz.Outcome) -> Mapping[str, Any]:
    return {
        "texts": seen.inputs,
        "accepted": seen.accepted,
        "codes": len(seen.reasons),
        "slowest": round(seen.slowest, 3),
        "faults": {str(number): fault for number, fault in seen.faults.items()},
    }


def faults() -> Mapping[str, Any]:
    """Killed, and failed by four errnos, at every call of five updates that changes the disk."""
    tasks = [(name, kills) for kills in (True, False) for name in scenes.SCENES]
    # Processes that wait for nothing else: each works through a scene by itself.
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(_struck, tasks))
    return {
        "good": all(not one.faults and one.tried == one.listed > 0 for one in outcomes),
        **{
            f"{name}, {'killed' if kills else 'failed'}": dataclasses.asdict(one)
            for (name, kills), one in zip(tasks, outcomes, strict=True)
        },
    }


def _struck(task: tuple[str, bool]) -> scenes.Outcome:
    name, kills = task
    with tempfile.TemporaryDirectory() as folder:
        one = scenes.rounds(Path(folder), name, 0, kills=kills)
    print(f"{name}, {kills=}: {one.tried} of {one.listed}, {len(one.faults)} faults", flush=True)
    return one


def power() -> Mapping[str, Any]:
    """20 power cuts while a host updates, and some while it recovers: QEMU, ext4, a volatile cache."""
    size, seed = 20, 20261124
    if lacking := machine.missing():
        raise SystemExit(f"power: {lacking}")
    with tempfile.TemporaryDirectory() as folder:
        seen = dataclasses.asdict(cuts.rounds(Path(folder), size, seed))
    updating = [one for one in seen["cuts"] if one["during"] == "updating"]
    good = (
        not seen["faults"] and len(updating) >= size and all(one["converged"] for one in updating)
    )
    return {"size": size, "seed": seed, "guest": machine.described(), "good": good, **seen}


def soak() -> Mapping[str, Any]:
    """Half an hour, or SOAK_SECONDS, of 50 services with intervals of a second, versions and kills all the time."""
    seconds, seed = float(os.environ.get("SOAK_SECONDS", "1800")), 20261129
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folders = [Path(name) / one for one in ("nginx", "host")]
        for folder in folders:
            folder.mkdir()
        web = stack.enter_context(nginx.running(folders[0]))
        host = Host(folders[1])
        stack.callback(host.close)
        seen = endurance.soak(host, seconds, seed, (web.url, web.www))
    (RESULTS / f"{_today()}-soak.svg").write_text(endurance.picture(seen.looks))
    facts = {key: value for key, value in dataclasses.asdict(seen).items() if key != "looks"}
    first, last = (dataclasses.asdict(seen.looks[at]) for at in (len(seen.looks) // 6, -1))
    good = not seen.faults and seen.owed > 0
    return {
        "seconds_in_all": seconds, "seed": seed, "good": good, **facts, "after_a_sixth": first, "at_the_end": last,
    }  # fmt: skip


def suspend() -> Mapping[str, Any]:
    """Hosts that sleep for two minutes in the middle of an update, and wake in four orders."""
    with ProcessPoolExecutor(len(sleeping.ORDERS)) as pool:
        naps = list(pool.map(_slept, sleeping.ORDERS))
    return {"seed": _SLEEP_SEED, "good": not any(one["faults"] for one in naps), "naps": naps}


_SLEEP_SEED = 20261129


def _slept(order: str) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        try:
            return dataclasses.asdict(sleeping.nap(host, 120.0, order, _SLEEP_SEED))
        finally:
            host.close()


def downloads() -> Mapping[str, Any]:
    """1,000 downloads from real stores through a proxy that spoils them at random."""
    size, seed = 1000, 20261124
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folders = [Path(name) / one for one in ("nginx", "swift", "work")]
        for folder in folders:
            folder.mkdir()
        web = stack.enter_context(nginx.running(folders[0]))
        store = stack.enter_context(swift.running(folders[1]))
        seen = spoiled.rounds(web, store, folders[2], size, seed).told()
    good = not seen["faults"] and seen["downloads"] == size
    return {"size": size, "seed": seed, "good": good, **seen}


def matrix() -> Mapping[str, Any]:
    """Every way to die in every phase of an update: workers side by side, and bystanders."""
    size, seed = len(deaths.cells()), 20261129
    with tempfile.TemporaryDirectory() as folder:
        seen = dataclasses.asdict(deaths.rounds(Path(folder), size, seed))
    good = not seen["faults"] and not seen["left_out"] and seen["cells"] == size
    return {"size": size, "seed": seed, "good": good, **seen}


def version_one() -> Mapping[str, Any]:
    """300,000 random texts, read by us and by version 1 of hashicorp/hcl."""
    size, seed = 300_000, 20261124
    if lacking := library.missing():
        raise SystemExit(f"version-one: {lacking}")
    with tempfile.TemporaryDirectory() as folder:
        seen = reference.rounds(Path(folder), size, seed).told()
    good = not seen["differences"] and seen["texts"] == size
    return {"size": size, "seed": seed, "library": library.version(), "good": good, **seen}


def templates() -> Mapping[str, Any]:
    """100,000 random templates, read and rendered by us and by Go's text/template."""
    size, seed = 100_000, 20261129
    if lacking := go.missing():
        raise SystemExit(f"templates: {lacking}")
    with tempfile.TemporaryDirectory() as folder:
        seen = rendering.rounds(Path(folder), size, seed).told()
    good = not seen["differences"] and seen["texts"] == size
    return {"size": size, "seed": seed, "go": go.version(), "good": good, **seen}


def contention() -> Mapping[str, Any]:
    """20 processes that take 200 turns each, one or three at a time, over each engine."""
    processes, turns = 20, 200
    found: dict[str, Any] = {}
    for name, engine in ENGINES.items():
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            server = Path(folder) / "server"
            server.mkdir()
            block = stack.enter_context(engine(server))
            for limit in (1, 3):
                place = Path(folder) / f"{limit}-at-a-time"
                place.mkdir()
                seen = contenders.contention(
                    place, block, limit=limit, processes=processes, turns=turns
                )
                found[f"{name}, {limit} at a time"] = dataclasses.asdict(seen)
                print(f"{name}, {limit} at a time: {seen}", flush=True)
    good = all(not one["faults"] and one["turns"] == processes * turns for one in found.values())
    return {"size": processes * turns, "good": good, **found}


CHECKS: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "kills": kills,
    "reloads": reloads,
    "archives": archives,
    "language": language,
    "faults": faults,
    "power": power,
    "downloads": downloads,
    "contention": contention,
    "soak": soak,
    "suspend": suspend,
    "matrix": matrix,
    "version-one": version_one,
    "templates": templates,
}


def main(names: list[str]) -> int:
    """Run the named checks, or all; 1 if one of them is not good."""
    good = True
    for name in names or list(CHECKS):
        began = time.monotonic()
        outcome = dict(CHECKS[name]())
        outcome["seconds"] = round(time.monotonic() - began, 1)
        _keep(name, outcome)
        good = good and bool(outcome["good"])
    return 0 if good else 1


def _today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def _keep(name: str, outcome: Mapping[str, Any]) -> None:
    today = _today()
    facts = {
        "check": name,
        "what": (CHECKS[name].__doc__ or "").strip(),
        "date": today,
        "version": __version__,
        "python": platform.python_version(),
        "kernel": platform.release().split("-")[0],
        "processors": os.cpu_count(),
        **outcome,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(facts, indent=2)
    (RESULTS / f"{today}-{name}.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
