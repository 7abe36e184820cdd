"""Power cuts at random moments, and what must be true after each boot."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.power import judge, root
from tests.power.disk import Disk, Loss
from tests.power.kernel import Kernel
from tests.power.machine import Board, Machine, missing
from tests.power.plan import Plan, plans
from tests.power.store import SERVICES, Store

_DISK_BYTES: Final = 192 << 20


@dataclass
class Cut:
    """One that was done.

    Attributes:
        during: ``recovering`` or ``updating``.
        moment: Since then, in requests that change the disk, and seconds where those were planned.
        kept: As planned.
        unflushed: Sectors in the disk's cache.
        lost: Those of them that were lost.
        newest: The version in the store by then.
        found: What the next boot saw of each service: the version at the destination, the journal's
            phase, and how much there was to sweep up.
        converged: Whether the agent reached the newest version afterwards, at that boot or, where
            the next cut came before, at one of the next.
    """

    during: str
    moment: str
    kept: float
    unflushed: int
    lost: int
    newest: int
    found: dict[str, str] = field(default_factory=dict)
    converged: bool = False

    def told(self) -> str:
        """In a line, after the next boot."""
        seen = "; ".join(f"{name}: {what}" for name, what in self.found.items())
        cache = f"{self.lost} of {self.unflushed} unflushed sectors lost"
        return f"{self.during}, {self.moment}, {cache}; version {self.newest} in the store; {seen}"


@dataclass
class Outcome:
    """What was seen."""

    boots: int = 0
    converged: int = 0
    updates: int = 0
    versions: int = 0
    cuts: list[Cut] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class StopError(Exception):
    """Nothing can be learned any more; the fault is in the outcome."""


class Bench:
    """A machine that is booted again and again on the same disk, beside a store."""

    def __init__(self, folder: Path, kernel: Kernel, seed: int) -> None:
        self.outcome = Outcome()
        self._seed = seed
        self._folder = folder
        self._reached: dict[str, int] = {}
        self._store = Store()
        self._board = Board.build(folder, kernel, self._store.port)
        root.make_ext4(folder / "data", _DISK_BYTES)
        self._disk = Disk((folder / "data").read_bytes())
        self._machine = Machine(self._board, self._disk)

    def run(self, count: int) -> None:
        """All cuts, and a last boot without one.

        Raises:
            StopError: It ended early.
        """
        for plan in plans(count, random.Random(self._seed)):
            self._look()
            since = self._machine.requests
            if plan.recovering:
                self._machine.strike_after(plan.requests)
            if converged := self._converge():
                since = self._machine.requests
                self._update(plan)
            loss = self._machine.cut(plan.kept, random.Random(plan.seed))
            self._store.pause()
            self._note(plan, loss, since, converged=converged)
            self._machine = Machine(self._board, self._disk)
        self._look()
        self._converge()
        self._stop()

    def close(self) -> None:
        """Leave nothing running."""
        self._machine.strike()
        self._machine.close()
        self._store.close()

    # --- one boot -------------------------------------------------------------------------------

    def _look(self) -> None:
        """What a boot finds, before the agent starts."""
        self.outcome.boots += 1
        said = self._machine.hear()
        assert said is not None
        if said["event"] != "seen":
            self._give_up(f"the disk: {said}")
        for name in SERVICES:
            self._judge(name, said["services"][name])
        if self.outcome.cuts:
            cut = self.outcome.cuts[-1]
            cut.found = {name: self._found(said["services"][name]) for name in SERVICES}
            print(f"cut {len(self.outcome.cuts)}, {cut.told()}", flush=True)

    def _found(self, seen: Mapping[str, Any]) -> str:
        """In words."""
        number = self._store.of_tree(seen["tree"])
        version = "nothing" if seen["absent"] else f"version {number}"
        return f"{version}, {seen.get('journal') or 'no journal'}, litter: {len(seen['litter'])}"

    def _converge(self) -> bool:
        """Let the agent come to the newest version; False if the power went before."""
        if self._store.number:
            self._store.publish_good()
        newest = {name: self._store.newest(name) for name in SERVICES}
        self._machine.tell({name: one.md5 for name, one in newest.items()})
        said = self._machine.hear()
        if said is None:
            return False
        if said["event"] != "converged":
            self._give_up(f"did not converge: {said}")
        for name, one in newest.items():
            self._judge(name, said["services"][name])
            if said["services"][name]["tree"] != one.tree:
                self._fault(f"{name}: another tree than that of version {one.number}")
            self._reached[name] = one.number
        self.outcome.converged += 1
        print(f"boot {self.outcome.boots}: converged on version {self._store.number}", flush=True)
        for cut in self.outcome.cuts:
            cut.converged = True
        return True

    def _update(self, plan: Plan) -> None:
        """Publish one version after the other, until the power is cut."""
        self._store.start(plan.pace)
        if not plan.requests:
            self._machine.off.wait(plan.seconds)
            self._machine.strike()
        elif not plan.recovering:
            self._machine.strike_after(plan.requests)

    def _note(self, plan: Plan, loss: Loss, since: int, *, converged: bool) -> None:
        machine = self._machine
        place = f"request {machine.requests - since}"
        self.outcome.cuts.append(
            Cut(
                during="updating" if converged else "recovering",
                moment=f"in {place}, a {machine.last}"
                if plan.requests
                else f"after {plan.seconds:.2f} s, behind {place}",
                kept=plan.kept,
                unflushed=loss.unflushed,
                lost=loss.lost,
                newest=self._store.number,
            )
        )

    def _stop(self) -> None:
        """The agent ends by itself, and so does the machine; the file system is sound."""
        self._machine.tell({})
        said = self._machine.hear()
        self._machine.close()
        if said is None or said["event"] != "stopped" or said["code"] != 0:
            self._fault(f"did not stop: {said}")
        image = self._folder / "data"
        image.write_bytes(self._disk.safe)
        checked = subprocess.run(
            ["/sbin/e2fsck", "-f", "-n", str(image)], check=False, capture_output=True, text=True
        )
        if checked.returncode:
            self._fault(f"the file system is not sound: {checked.stdout}")
        self.outcome.updates = sum(said["services"][one]["updates"] for one in SERVICES if said)
        self.outcome.versions = self._store.number + 1

    # --- what must be true ----------------------------------------------------------------------

    def _judge(self, name: str, seen: Mapping[str, Any]) -> None:
        store, reached = self._store, self._reached.get(name)
        for fault in judge.faults(seen, store.of_tree, store.of_md5, reached):
            self._fault(f"{name}: {fault}")

    def _fault(self, fault: str) -> None:
        where = f"boot {self.outcome.boots}: {fault}"
        self.outcome.faults.append(where)
        print(where, flush=True)

    def _give_up(self, fault: str) -> None:
        self._fault(f"{fault}\n{self._machine.console()}")
        raise StopError


def rounds(folder: Path, count: int, seed: int) -> Outcome:
    """``count`` cuts of updates, and some of recoveries, in an empty folder.

    Raises:
        FileNotFoundError: QEMU or the kernel is not there.
    """
    if lacking := missing():
        raise FileNotFoundError(lacking)
    bench = Bench(folder, Kernel.installed(), seed)
    try:
        bench.run(count)
    except StopError:
        pass
    finally:
        bench.close()
    return bench.outcome
