"""Kills at random moments: publishes one version after the other, and kills what does the work."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.host import Host, eventually

VICTIMS = ("worker", "unpacker", "supervisor")
FILES = 150


@dataclass
class Outcome:
    """What was seen."""

    kills: int = 0
    looks: int = 0
    versions: int = 0
    torn: list[str] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    by_victim: dict[str, int] = field(default_factory=dict)


def tree(version: int) -> dict[str, bytes]:
    """A version: files that all tell which one it is, and can be checked against each other."""
    noise = random.Random(version).randbytes(20_000)
    files = {f"part-{n}": f"{version} {n} ".encode() + noise for n in range(FILES)}
    whole = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()
    return {**files, "version": str(version).encode(), "whole": whole.encode()}


def look(host: Host) -> str | None:
    """What is wrong with the tree at the destination; None if it is whole, or not there yet."""
    try:
        # By the real path, so that a switch in the middle of the look is no tear.
        real = Path(os.path.realpath(host.destination(), strict=True))
        parts = sorted(one.name for one in real.iterdir() if one.name.startswith("part-"))
        content = b"".join((real / name).read_bytes() for name in parts)
        whole = (real / "whole").read_text()
    except FileNotFoundError as error:
        if not os.path.lexists(host.destination()) or not real_again(host, error):
            return None
        return f"missing: {error}"
    if hashlib.sha256(content).hexdigest() != whole:
        return f"torn: {real}"
    return None


def real_again(host: Host, error: FileNotFoundError) -> bool:
    """Whether a missing file is one of the release that is current now: pruned ones may vanish."""
    now = os.path.realpath(host.destination())
    return str(error.filename).startswith(now)


@contextmanager
def looking(host: Host, outcome: Outcome) -> Iterator[None]:
    """Look at the destination all the time."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            outcome.looks += 1
            if (seen := look(host)) is not None:
                outcome.torn.append(seen)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def rounds(host: Host, count: int, seed: int) -> Outcome:
    """``count`` kills at random moments; then it must converge and be clean."""
    chance = random.Random(seed)
    outcome = Outcome()
    host.configure(
        host.service(
            'before "script" { command = "true" }\n  after "script" { command = "true" }',
            interval="50ms",
        )
    )
    host.publish(tree(0))
    host.start()
    host.until_version("0")
    with looking(host, outcome):
        for number in range(1, count + 1):
            outcome.versions = number
            host.publish(tree(number))
            _kill(host, VICTIMS[number % len(VICTIMS)], chance, outcome)
        host.publish(tree(count + 1))
        host.until_version(str(count + 1))
    eventually(lambda: not host.litter(), f"sweep: {host.litter()}", deadline=30)
    assert host.stop() == 0
    outcome.litter += [str(one) for one in host.litter()]
    outcome.orphans += [str(one) for one in host.left_over()]
    return outcome


def _kill(host: Host, victim: str, chance: random.Random, outcome: Outcome) -> None:
    time.sleep(chance.uniform(0, 0.25))  # a random moment is what is tested
    kind = _strike(host, victim, chance, outcome.versions)
    outcome.kills += 1
    outcome.by_victim[kind] = outcome.by_victim.get(kind, 0) + 1


def _strike(host: Host, victim: str, chance: random.Random, version: int) -> str:
    """Kill it, surely; gives what was killed."""
    if victim == "supervisor":
        host.agent.kill()
        host.agent.wait()
        host.start()
        return victim
    while True:
        worker = host.pid()
        target = worker
        if victim == "unpacker":
            host.publish(tree(version))  # the same bytes under a new token
            target = _unpacker(worker) or worker
            time.sleep(chance.uniform(0, 0.005))
        try:
            os.kill(target, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it had just ended by itself
        return "unpacker" if target != worker else "worker"


def _unpacker(worker: int) -> int | None:
    """The worker's unpacker, if it forks one within a moment."""
    until = time.monotonic() + 2
    program = os.path.realpath(f"/proc/{worker}/exe")
    while time.monotonic() < until:
        # Not by psutil: an unpacker may live for milliseconds only.
        with suppress(OSError):
            for child in Path(f"/proc/{worker}/task/{worker}/children").read_text().split():
                if os.path.realpath(f"/proc/{child}/exe") == program:
                    return int(child)
    return None
