"""How long a command takes to start, beside Python itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import configs, packaged
from tests.benchmarks.contest import Contestant, Results, in_turn, measure, median

SERVICES = 5
TARGETS = {"validate": 7.0, "version": 2.0}
_BARE = "python -c pass"
_UNBUILT = "validate, lark itself"


def measured(rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Everybody in turn."""
    (folder / "host").mkdir()
    main = configs.host(folder / "host", SERVICES)
    built = packaged.packaged(folder / "built", generated=True)
    unbuilt = packaged.packaged(folder / "unbuilt", generated=False)
    contestants = [
        Contestant(_BARE, _start([str(built.python), "-c", "pass"])),
        Contestant("validate", _start(built.command("validate", main))),
        Contestant(_UNBUILT, _start(unbuilt.command("validate", main))),
        Contestant("version", _start(built.command("version"))),
    ]
    results = in_turn(contestants, rounds, lambda one: measure(one, folder))
    return [_row(name, results) for name in results]


def _start(command: Sequence[str]) -> Callable[[Path], subprocess.Popen[bytes]]:
    def start(place: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL)

    return start


def _row(name: str, results: Results) -> dict[str, Any]:
    took = median(results[name], lambda run: run.wall)
    ratio = took / median(results[_BARE], lambda run: run.wall)
    row = {"what": name, "milliseconds": round(1000 * took, 1), "ratio": round(ratio, 2)}
    if name in TARGETS:
        row |= {"target": TARGETS[name], "met": ratio <= TARGETS[name]}
    return row


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"{row['what']:24} {row['milliseconds']:7.1f} ms, {row['ratio']:5.2f} times Python"
        + (
            f" (at most {row['target']:g}) {'ok' if row['met'] else 'MISSED'}"
            if "met" in row
            else ""
        )
        for row in found
    ]
