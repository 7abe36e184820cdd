"""Contestants in turn, A B C A B C …, after a warm-up; medians of wall, CPU and memory.

Absolute times mean nothing on a shared machine, so what counts is the ratio of medians of rounds
that were run side by side.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks import disk
from tests.benchmarks.looking import family, looking


@dataclass(frozen=True)
class Run:
    """What one run took: seconds, seconds of CPU, and bytes of memory of its whole process tree.

    Attributes:
        memory: The largest sum of what its processes had for themselves (USS), looked at every
            20 ms; 0 where it was not looked at.
    """

    wall: float
    cpu: float
    memory: int = 0


@dataclass(frozen=True)
class Contestant:
    """One that runs: a command in the folder it is given, or a function in a child of ours.

    Attributes:
        missing: Why it cannot run here; empty if it can.
        ready: What it has done, in the same folder, before there is anything to do.
    """

    name: str
    start: Callable[[Path], subprocess.Popen[bytes] | int]
    missing: str = ""
    ready: Callable[[Path], None] = lambda _place: None


Results = Mapping[str, Sequence[Run]]


def contest(
    contestants: Sequence[Contestant], rounds: int, folder: Path, image: Path | None = None
) -> Results:
    """Let everybody run ``rounds`` times, and once before that does not count."""

    def run(contestant: Contestant) -> Run:
        with disk.fresh(folder, image=image) as place:
            return measure(contestant, place)

    return in_turn(contestants, rounds, run)


def in_turn(
    contestants: Sequence[Contestant], rounds: int, run: Callable[[Contestant], Run]
) -> Results:
    """As ``contest``; ``run`` says how one runs."""
    able = [one for one in contestants if not one.missing]
    found: dict[str, list[Run]] = {one.name: [] for one in able}
    for number in range(rounds + 1):
        for one in able:
            took = run(one)
            if number:
                found[one.name].append(took)
    return found


def measure(contestant: Contestant, place: Path, *, memory: bool = False) -> Run:
    """One run.

    Raises:
        RuntimeError: It failed.
    """
    contestant.ready(place)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    started = contestant.start(place)
    pid = started if isinstance(started, int) else started.pid
    most = 0

    def look() -> None:
        nonlocal most
        most = max(most, tree_memory(pid))

    with looking(look) if memory else nullcontext():
        status = (
            os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if isinstance(started, int)
            else started.wait()
        )
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status:
        raise RuntimeError(f"{contestant.name} ended with {status}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu, most)


def tree_memory(pid: int) -> int:
    """Bytes that a process and its descendants have for themselves."""
    return sum(map(_own, family(pid)))


def _own(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return 0


def median(runs: Sequence[Run], figure: Callable[[Run], float]) -> float:
    """The median of a figure."""
    return statistics.median(map(figure, runs))


def shell(command: str) -> Callable[[Path], subprocess.Popen[bytes]]:
    """Starts a shell command in the folder it is given."""

    def start(place: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", "-c", f"set -o pipefail; {command}"], cwd=place, stdout=subprocess.DEVNULL
        )

    return start


def child(work: Callable[[Path], None]) -> Callable[[Path], int]:
    """Starts a function in a fork of this process, as a supervisor starts a worker."""

    def start(place: Path) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            work(place)
            status = 0
        finally:
            os._exit(status)

    return start
