"""How long a command takes to start, beside Python itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
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
        _contestant(_BARE, [sys.executable, "-c", "pass"], built),
        _contestant("validate", packaged.command("validate", main), built),
        _contestant(_UNBUILT, packaged.command("validate", main), unbuilt),
        _contestant("version", packaged.command("version"), built),
    ]
    results = in_turn(contestants, rounds, lambda one: measure(one, folder))
    return [_row(name, results) for name in results]


def _contestant(name: str, command: Sequence[str], package: Path) -> Contestant:
    def start(place: Path) -> subprocess.Popen[bytes]:
        environ = packaged.environ(package)
        return subprocess.Popen(command, cwd=place, env=environ, stdout=subprocess.DEVNULL)

    return Contestant(name, start)


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
