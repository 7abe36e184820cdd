"""Many processes that want the same turns, each a host of its own, and a checker outside.

``python -m tests.lockers.contention CONFIG TURNS RECORD`` is one of them: it takes so many turns, as
a service of that configuration would, and appends a line to the record when it has one and before it
gives it back. The kernel appends whole lines, one after the other, so the record is what happened.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dropship.config.load import load
from dropship.deploy.rig import Workshop
from dropship.deploy.turn import Turn
from tests.e2e.fleet import Fleet
from tests.engines import Block
from tests.exec.runs import Watcher

_PATIENCE = 3600.0
_HELD = 0.004  # seconds, at most


@dataclass(frozen=True)
class Seen:
    """What the checker saw.

    Attributes:
        turns: How many were taken and given back.
        most: How many were held at a time.
        fewest: Turns of the process that had the fewest.
        faults: Whatever should not have been.
        seconds: How long it took.
    """

    turns: int
    most: int
    fewest: int
    faults: tuple[str, ...]
    seconds: float


def contend(config: Path, turns: int, record: Path) -> None:
    """One process: take so many turns."""
    loaded = load(config, environ=os.environ, cwd=config.parent, euid=os.geteuid())
    assert loaded.config is not None, loaded.diagnostics
    turn = Turn(Workshop(loaded.config, os.environ).rig(loaded.config.services[0]))
    watch, me = Watcher(), os.getpid()
    out = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    for _ in range(turns):
        turn.take(watch, None)
        os.write(out, b"in %d\n" % me)
        turn.keep()
        turn.certain()
        time.sleep(random.uniform(0, _HELD))
        os.write(out, b"out %d\n" % me)
        turn.leave()


def contention(folder: Path, block: Block, *, limit: int, processes: int, turns: int) -> Seen:
    """Have so many processes take so many turns each, at most ``limit`` at a time."""
    fleet = Fleet(folder, processes, block(folder))
    fleet.configure(lambda _: f"maxParallel = {limit}")
    record = folder / "record"
    began = time.monotonic()
    faults: list[str] = []
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", __name__, host.config, str(turns), record],
                    stderr=subprocess.PIPE,
                )
            )
            for host in fleet.hosts
        ]
        for one in running:
            _, said = one.communicate(timeout=_PATIENCE)
            if one.returncode:
                faults.append(said.decode()[-2000:])
    return _checked(record.read_text(), limit, turns, faults, time.monotonic() - began)


def _checked(record: str, limit: int, turns: int, faults: list[str], seconds: float) -> Seen:
    inside: set[str] = set()
    done: dict[str, int] = {}
    most = 0
    for number, line in enumerate(record.splitlines()):
        word, _, pid = line.partition(" ")
        done.setdefault(pid, 0)
        if word == "in":
            inside.add(pid)
            if len(inside) > limit:
                faults.append(f"line {number}: {len(inside)} hold a turn")
        else:
            inside.discard(pid)
            done[pid] += 1
        most = max(most, len(inside))
    faults += [
        f"{pid} had {count} turns of {turns}" for pid, count in done.items() if count != turns
    ]
    if inside:
        faults.append(f"{len(inside)} gave nothing back")
    counts = done.values()
    return Seen(sum(counts), most, min(counts, default=0), tuple(faults), round(seconds, 1))


if __name__ == "__main__":
    contend(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
