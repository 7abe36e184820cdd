"""Updates to be struck at every point, and what must be true after each strike."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.host import Host

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EMFILE)
TIMES = (1, 2, 0)
SCENES = ("first", "update", "back", "recover", "recover-back")

Point = tuple[int, str, int]


@dataclass(frozen=True)
class Strike:
    """A point, and what happens there: an errno so many times (0: from there on), or a kill."""

    point: Point
    errno: int = 0
    times: int = 1

    def __str__(self) -> str:
        """``process 0, rename 2: EIO, from there on``."""
        process, name, nth = self.point
        what = errno.errorcode[self.errno] if self.errno else "killed"
        return f"process {process}, {name} {nth}: {what}, times {self.times or 'from there on'}"


@dataclass
class Outcome:
    """What was seen in one scene."""

    listed: int = 0
    tried: int = 0
    faults: list[str] = field(default_factory=list)


def content(version: str) -> dict[str, str | bytes]:
    """The tree of a version."""
    return {"version": version, "lib/code": version * 2000, "lib/deep/data": version[::-1]}


def supported() -> bool:
    """Whether the tracer knows this machine's calls."""
    return platform.machine() == "x86_64" and sys.platform == "linux"


class Program:
    """The warm process."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.tracer"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def update(self, host: Host, strike: Strike | None = None) -> dict[str, Any]:
        """``dropship update`` to its end; the code, the points passed, and what it said."""
        plan = strike and {"point": strike.point, "errno": strike.errno, "times": strike.times}
        request = {
            "argv": ["update"],
            "folder": str(host.folder),
            "environ": host.environ(),
            "output": str(self._output),
            "plan": plan,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = dict(json.loads(self._process.stdout.readline()))
        return {**answer, "said": self._output.read_text(errors="replace")}

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Scene:
    """A host that stands before an update, and can be put back there."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        (folder / "host").mkdir(parents=True)
        self.host = Host(folder / "host")
        self._base = folder / "base"
        self.program = Program(folder / "said")
        self.old: str | None = None if name == "first" else "old"
        self.goal = "old" if name.endswith("back") else "new"
        self._prepare()

    def _prepare(self) -> None:
        host = self.host
        self._configure("30s")
        if self.old:
            host.publish(content("old"))
            assert self.program.update(host)["code"] == 0
        if self.goal == "old":
            self._configure("50ms")
        host.publish(content("new"))
        self._keep()
        if self.name.startswith("recover"):
            points = self.program.update(host)["points"]
            flip = next(
                n for n, one in enumerate(points) if one[1] == "rename" and one[3] == "srv/app"
            )
            self.reset()
            self.program.update(host, Strike(tuple(points[flip + 2][:3])))
            assert (host.folder / "state/services/app/journal.json").exists()
            self._keep()

    def _configure(self, within: str) -> None:
        host, running = self.host, self.host.folder / "running"
        hook = f"mkdir {running} || {host.mark('overlap')}; {host.mark('ran')}; rmdir {running}"
        unwanted = "new" if self.goal == "old" else "nothing"
        host.configure(
            host.service(
                f'before "script" {{ command = "{hook}" }}\n  after "script" {{ command = "{hook}" }}\n'
                f'  health "script" {{\n    command = "! grep -q {unwanted} {host.destination()}/version"\n'
                f'    within = "{within}"\n    interval = "20ms"\n  }}'
            )
        )

    def _keep(self) -> None:
        shutil.rmtree(self._base, ignore_errors=True)
        shutil.copytree(self.host.folder, self._base, symlinks=True)

    def reset(self) -> None:
        """Everything as before the update; the store, whose tokens must not change, is left."""
        for one in self.host.folder.iterdir():
            if one != self.host.store:
                shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
        for one in self._base.iterdir():
            target = self.host.folder / one.name
            if one.name == "store":
                continue
            if one.is_dir():
                shutil.copytree(one, target, symlinks=True)
            else:
                shutil.copy2(one, target)

    def points(self) -> list[Point]:
        """The points of the whole update."""
        self.reset()
        return [tuple(one[:3]) for one in self.program.update(self.host)["points"]]

    def strike(self, strike: Strike) -> list[str]:
        """Strike once, then run clean; gives what is wrong."""
        self.reset()
        struck = self.program.update(self.host, strike)
        faults = [] if struck["struck"] else ["the point was not passed"]
        faults += self._whole()
        # Writing down what is done is tried again until there is room, so such a run may be ended.
        if struck["stuck"] and strike.times:
            faults.append("stuck")
        if struck["code"] == 0 and self._version() != "new":
            faults.append("exit code 0 without the new version")
        said = struck["said"]
        if "Traceback" in said:
            faults.append("a traceback")
        clean = self.program.update(self.host)
        faults += self._converged(clean)
        faults += self._told(said)
        if faults:
            faults.append(
                f"struck: {struck['code']} {said[-1500:]}; clean: {clean['code']} {clean['said'][-1500:]}"
            )
        return [f"{self.name}, {strike}: {one}" for one in faults]

    def _version(self) -> str | None:
        """Which version stands whole at the destination; None for none, ``torn`` for a mixture."""
        there = self.host.destination()
        if not os.path.lexists(there):
            return None
        found = {
            str(one.relative_to(there)): one.read_text()
            for one in there.rglob("*")
            if one.is_file()
        }
        return next((one for one in ("old", "new") if content(one) == found), "torn")

    def _whole(self) -> Iterator[str]:
        version = self._version()
        if version not in (self.old, "new"):
            yield f"at the destination stands: {version}"

    def _converged(self, clean: dict[str, Any]) -> Iterator[str]:
        host = self.host
        if clean["stuck"]:
            yield "the clean run was stuck"
        if (version := self._version()) != self.goal:
            yield f"the clean run ended with: {version}"
        if self.goal == "new" and clean["code"] != 0:
            yield f"the clean run ended with code {clean['code']}"
        if self.goal == "old" and not host.saved().get("quarantine"):
            yield "nothing is quarantined"
        if litter := host.litter():
            yield f"litter: {litter}"
        folder = host.folder / "state" / "services" / "app"
        others = {one.name for one in folder.iterdir()} - {
            "state.json",
            "history.jsonl",
            "log",
            "log.jsonl",
        }
        if others:
            yield f"left in state: {others}"
        if "overlap" in host.marked():
            yield "two hooks ran at a time"

    def _told(self, said: str) -> Iterator[str]:
        """The update is in the history, once; or it was said that it could not be written there."""
        ids = [one["id"] for one in self.host.history()]
        if len(ids) != len(set(ids)):
            yield f"twice in the history: {ids}"
        before = 0 if self.old is None else 1
        if len(ids) <= before and "history.jsonl" not in said:
            yield f"not in the history: {ids}"

    def close(self) -> None:
        """Leave nothing running."""
        self.program.close()
        self.host.close()


@contextmanager
def scene(folder: Path, name: str) -> Iterator[Scene]:
    """A scene in an empty folder."""
    made = Scene(folder / name, name)
    try:
        yield made
    finally:
        made.close()


def strikes(points: Sequence[Point], *, kills: bool) -> list[Strike]:
    """Everything that can happen at some points."""
    if kills:
        return [Strike(one) for one in points]
    return [Strike(one, number, times) for one in points for number in ERRORS for times in TIMES]


def spread(everything: Sequence[Strike], count: int) -> list[Strike]:
    """``count`` of them, evenly; all for 0."""
    size = len(everything)
    if count == 0 or count >= size:
        return list(everything)
    return [everything[(2 * n + 1) * size // (2 * count)] for n in range(count)]


def rounds(folder: Path, name: str, count: int, *, kills: bool) -> Outcome:
    """Strike a scene at ``count`` of its points, or at all for 0."""
    with scene(folder, name) as made:
        everything = strikes(made.points(), kills=kills)
        outcome = Outcome(listed=len(everything))
        for strike in spread(everything, count):
            faults = made.strike(strike)
            outcome.tried += "the point was not passed" not in " ".join(faults)
            outcome.faults += faults
    return outcome
