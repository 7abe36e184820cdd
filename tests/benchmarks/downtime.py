"""``downtime``: from the end of the last ``before`` hook to the start of the first ``after`` hook.

A real agent on a fresh file system switches an installed release to a new one, with nothing else
going on and while another process writes large files to the same disk and syncs them.

The stamps are the hooks' own: the last thing that the one does, the first that the other does,
taken by bash from its clock without starting a program. So the gap has in it what an operator
waits for: bash's exit, the agent's part, and the start of the next hook (a fork, the shell that
is its gate, bash itself). The agent's part alone, from the moment it says that it switches to the
moment it says that it has, is taken from its log.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dropship.agent.answers import seconds_of
from tests.benchmarks import corpus, disk
from tests.benchmarks.writer import writing
from tests.e2e.host import Host, eventually
from tests.servers import nginx

TARGETS: Final = {"idle": 0.010, "busy": 0.060}
"""Seconds at most, by what else the disk has to do."""

_PART: Final = "agent's part, median"
_STEPPED: Final = 0.0005
# An empty member at the end: the same tree, other bytes.
_EMPTY_MEMBER: Final = gzip.compress(b"", mtime=0)


@dataclass(frozen=True)
class Gap:
    """Seconds of one update.

    Attributes:
        hooks: Between the stamps of the two hooks.
        agent: Between the two lines of the agent's log.
    """

    hooks: float
    agent: float


def measured(
    shapes: Sequence[corpus.Shape], rounds: int, kept: Path, folder: Path, image: Path | None
) -> list[dict[str, Any]]:
    """Every shape and load in turn, ``rounds`` times and once that does not count."""
    found = []
    for shape in shapes:
        archive = corpus.archive(shape, kept)
        gaps: dict[str, list[Gap]] = {load: [] for load in TARGETS}
        for number in range(rounds + 1):
            for load, so_far in gaps.items():
                with disk.fresh(folder, image=image) as place:
                    gap = switched(archive, place, busy=load == "busy")
                if number:
                    so_far.append(gap)
        found += [row(shape.name, load, ones) for load, ones in gaps.items()]
    return found


def switched(archive: Path, place: Path, *, busy: bool) -> Gap:
    """One update of an agent, all of it below ``place``."""
    with _marks() as marks, _served(archive) as (server, file):
        host = Host(place)
        try:
            host.configure(_service(place, f"{server.url}/app.tar.gz", marks))
            host.start()
            eventually(lambda: len(_read(marks)) == 2, host.said)
            _settled(host)
            with file.open("ab") as more:
                more.write(_EMPTY_MEMBER)
            marks.unlink()
            os.sync()  # what the first install and earlier rounds left to write
            with writing(place) if busy else nullcontext():
                offset = _offset()
                _update(host)
                if abs(_offset() - offset) > _STEPPED:
                    raise RuntimeError("the clock was set meanwhile")
            before, after = _read(marks)
            return Gap(hooks=after - before, agent=_agents_part(host))
        finally:
            host.stop()
            host.close()


def _service(place: Path, url: str, marks: Path) -> str:
    stamp = f"echo $EPOCHREALTIME >> {marks}"
    return f"""
service "app" {{
  checkInterval = "1h"
  artifact "http" {{
    url         = "{url}"
    destination = "{place}/srv/app"
  }}
  before "script" {{ command = "{stamp}" }}
  after  "script" {{ command = "{stamp}" }}
}}
"""


@contextmanager
def _marks() -> Iterator[Path]:
    """A file for the stamps that costs no disk: what the hook does after its stamp counts."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder) / "marks"


@contextmanager
def _served(archive: Path) -> Iterator[tuple[nginx.Nginx, Path]]:
    """A web server with a copy of the archive."""
    with (
        tempfile.TemporaryDirectory(dir=archive.parent) as folder,
        nginx.running(Path(folder)) as server,
    ):
        file = server.www / "app.tar.gz"
        shutil.copyfile(archive, file)
        yield server, file


def _read(marks: Path) -> list[float]:
    return [float(one) for one in marks.read_text().splitlines()] if marks.exists() else []


def _settled(host: Host) -> None:
    """The update is over, and the agent rests."""
    journal = host.folder / "state" / "services" / "app" / "journal.json"
    eventually(lambda: not journal.exists() and len(host.history()) > 0, host.said)


def _update(host: Host) -> None:
    done = host.run("update", "app")
    if done.returncode:
        raise RuntimeError(f"dropship update: {done.stderr}\n{host.said()}")


def _offset() -> float:
    """The clock that can be set, seen from the one that cannot."""
    return time.time() - time.monotonic()


def _agents_part(host: Host) -> float:
    lines = (host.folder / "state" / "services" / "app" / "log.jsonl").read_text().splitlines()
    when = {
        one["phase"]: seconds_of(one["time"]) for one in map(json.loads, lines) if "phase" in one
    }
    return when["after"] - when["activating"]


def row(shape: str, load: str, gaps: Sequence[Gap]) -> dict[str, Any]:
    """The figures of one shape under one load."""
    hooks = [one.hooks for one in gaps]
    middle = statistics.median(hooks)
    return {
        "shape": shape,
        "load": load,
        "median": round(middle, 5),
        "most": round(max(hooks), 5),
        _PART: round(statistics.median(one.agent for one in gaps), 5),
        "all": [round(one, 5) for one in hooks],
        "target": TARGETS[load],
        "met": middle <= TARGETS[load],
    }


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"  {one['shape']:6} {one['load']:6} {1000 * one['median']:8.1f} ms, "
        f"{1000 * one['most']:.1f} at most, agent's part {1000 * one[_PART]:.1f}: "
        f"at most {1000 * one['target']:.0f} {'ok' if one['met'] else 'MISSED'}"
        for one in found
    ]
