"""How fast a file of 1,000 services is read, beside python-hcl2."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import configs, packaged
from tests.benchmarks.contest import Contestant, Run, in_turn, median

RATIO = 0.1
SPEED = 1.5  # MB a second

_RIVAL = "python-hcl2"
_OURS = {"dropship": True, "dropship, lark itself": False}
# Each times itself, once it has read something: a start has a benchmark of its own.
_TIMED = """
import sys, time
{imports}
text = open(sys.argv[1], encoding="utf-8").read()
read("a = 1\\n")
wall, cpu = time.perf_counter(), time.process_time()
read(text)
print(time.perf_counter() - wall, time.process_time() - cpu)
"""
_IMPORTS = {
    _RIVAL: "from hcl2 import loads as read",
    "dropship": """
from dropship.hcl.ast import Source
from dropship.hcl.parser import parse

def read(text):
    assert not parse(Source("x", text)).diagnostics
""",
}


def measured(services: int, rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Everybody in turn."""
    file = folder / "services.hcl"
    file.write_text(configs.services(services))
    missing = "" if importlib.util.find_spec("hcl2") else f"{_RIVAL} is not installed"
    contestants = [
        _contestant(name, packaged.packaged(folder / name, generated=generated).python, file)
        for name, generated in _OURS.items()
    ]
    contestants.append(_contestant(_RIVAL, Path(sys.executable), file, missing))
    results = in_turn(contestants, rounds, lambda one: _timed(one, folder))
    took = {name: median(runs, lambda run: run.cpu) for name, runs in results.items()}
    rows = [_row(name, seconds, file.stat().st_size, took) for name, seconds in took.items()]
    return rows + [{"what": one.name, "left out": missing} for one in contestants if one.missing]


def _contestant(name: str, python: Path, file: Path, missing: str = "") -> Contestant:
    program = _TIMED.format(imports=_IMPORTS[_RIVAL if name == _RIVAL else "dropship"])

    def start(place: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([python, "-c", program, file], cwd=place, stdout=subprocess.PIPE)

    return Contestant(name, start, missing)


def _timed(contestant: Contestant, place: Path) -> Run:
    started = contestant.start(place)
    assert isinstance(started, subprocess.Popen)
    said, _ = started.communicate()
    if started.returncode:
        raise RuntimeError(f"{contestant.name} ended with {started.returncode}")
    wall, cpu = map(float, said.split())
    return Run(wall, cpu)


def _row(name: str, seconds: float, size: int, took: Mapping[str, float]) -> dict[str, Any]:
    row = {"what": name, "seconds": round(seconds, 3), "MB/s": round(size / seconds / 1e6, 2)}
    if name != "dropship":
        return row
    met = size / seconds / 1e6 >= SPEED
    if _RIVAL in took:
        row["ratio"] = round(seconds / took[_RIVAL], 4)
        met = met and row["ratio"] <= RATIO
    return row | {"met": met}


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [_line(row) for row in found]


def _line(row: Mapping[str, Any]) -> str:
    if "left out" in row:
        return f"{row['what']}: left out, {row['left out']}"
    line = f"{row['what']:24} {row['seconds']:8.3f} s of CPU, {row['MB/s']:6.2f} MB/s"
    if "ratio" in row:
        line += f", {row['ratio']:.4f} of {_RIVAL} (at most {RATIO})"
    if "met" in row:
        line += f" (at least {SPEED} MB/s) {'ok' if row['met'] else 'MISSED'}"
    return line
