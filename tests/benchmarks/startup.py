"""How long a command takes to start, beside Python itself: from a wheel, and from the .deb of a build.

Each is held against the Python that runs it. The services have hooks, checks and turns; those of
the package's own example have a URL and a destination.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import configs, packaged, unpacked
from tests.benchmarks.contest import Contestant, Results, in_turn, measure, median

SERVICES = 5
TARGETS = {"validate": 7.0, "version": 2.0}
_BARE = "python -c pass"
_OF_SYSTEM = f"{unpacked.PYTHON} -c pass"


@dataclass(frozen=True)
class _Start:
    """What is started; ``beside``: what it is held against, ``target``: how often that, at most."""

    name: str
    command: Sequence[str]
    beside: str = _BARE
    target: float | None = None
    missing: str = ""

    def contestant(self) -> Contestant:
        """Who is timed."""

        def start(place: Path) -> subprocess.Popen[bytes]:
            return subprocess.Popen(self.command, cwd=place, stdout=subprocess.DEVNULL)

        return Contestant(self.name, start, self.missing)


def measured(rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Everybody in turn."""
    (folder / "host").mkdir()
    main = configs.host(folder / "host", SERVICES)
    starts = [*_of_wheel(folder, main), *_of_deb(folder, main)]
    contestants = [one.contestant() for one in starts]
    results = in_turn(contestants, rounds, lambda one: measure(one, folder))
    return [_row(one, results) for one in starts]


def _of_wheel(folder: Path, main: Path) -> list[_Start]:
    built = packaged.packaged(folder / "built", generated=True)
    unbuilt = packaged.packaged(folder / "unbuilt", generated=False)
    return [
        _Start(_BARE, [str(built.python), "-c", "pass"]),
        _Start("validate", built.command("validate", main), target=TARGETS["validate"]),
        _Start("validate, lark itself", unbuilt.command("validate", main)),
        _Start("version", built.command("version"), target=TARGETS["version"]),
    ]


def _of_deb(folder: Path, main: Path) -> list[_Start]:
    if missing := unpacked.lacking():
        return [_Start("the .deb", [], missing=missing)]
    deb = unpacked.unpack(folder / "deb")
    (folder / "plain").mkdir()
    plain = configs.plain(folder / "plain", deb.example, SERVICES)
    commands: dict[str, list[str | Path]] = {
        "validate": ["validate", main],
        "validate, example services": ["validate", plain],
        "version": ["version"],
    }
    return [
        _Start(_OF_SYSTEM, [unpacked.PYTHON, "-c", "pass"]),
        *(
            _Start(f"the .deb: {name}", deb.command(*words), _OF_SYSTEM, TARGETS[str(words[0])])
            for name, words in commands.items()
        ),
    ]


def _row(start: _Start, results: Results) -> dict[str, Any]:
    if start.missing:
        return {"what": start.name, "left out": start.missing}
    took = median(results[start.name], lambda run: run.wall)
    ratio = took / median(results[start.beside], lambda run: run.wall)
    row = {"what": start.name, "milliseconds": round(1000 * took, 1), "ratio": round(ratio, 2)}
    if start.target is not None:
        row |= {"target": start.target, "met": ratio <= start.target}
    return row


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [_line(row) for row in found]


def _line(row: Mapping[str, Any]) -> str:
    if "left out" in row:
        return f"{row['what']}: left out, {row['left out']}"
    line = f"{row['what']:36} {row['milliseconds']:7.1f} ms, {row['ratio']:5.2f} times Python"
    if "met" in row:
        line += f" (at most {row['target']:g}) {'ok' if row['met'] else 'MISSED'}"
    return line
