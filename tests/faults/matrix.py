"""Every way to die in every phase of an update: one agent, victims side by side, and bystanders.

Nothing that a worker does may hurt the supervisor or another service, and whatever it was, the
victim gets its newest version in the end. What must not be seen is a fault.
"""

from __future__ import annotations

import os
import random
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from dropship.linux import oom
from tests.e2e.host import Host, eventually
from tests.faults.plug import plug

PHASES = (
    "starting", "idle", "checking", "staging", "waiting", "rechecking", "before", "activating",
    "after", "verifying", "committing", "holding", "undo_before", "undo_flip", "undo_after",
    "undo_verify", "undo_notify", "settling",
)  # fmt: skip
BACKWARDS = frozenset(one for one in PHASES if one.startswith("undo_")) | {"settling"}
STEADY, MOVING = "steady", "moving"
SIDE_BY_SIDE = 20

_PERHAPS = r" \(perhaps out of memory: the kernel's OOM killer has struck\)"

# How a death is told, by the way; none: the worker lives on.
_WORDS = {
    "segv": r"killed by SIGSEGV(?: \(core dumped\))? while {phase}",
    "kill": r"killed by SIGKILL while {phase}{perhaps}",
    "exit": r"exited with status 3 while {phase}",
    "raise": r"exited with status 70 while {phase}",
    "oom": rf"killed by SIGKILL while {{phase}}{_PERHAPS}",
    "grow": r"killed by SIGKILL while {phase} \(it used \S+ MiB of memory, allowed are 190.7 MiB\)",
    "stop": r"killed by SIGKILL while {phase} \(it was silent for too long\)",
    "spin": r"killed by SIGABRT(?: \(core dumped\))? while {phase} \(it was silent for too long\)",
    "hangup": r"killed by SIGKILL while {phase} \(it hung up\)",
    "talks": r"killed by SIGKILL while {phase} \(it said too much\)",
    "raves": r"killed by SIGKILL while {phase} \(it said too much that makes no sense\)",
    "leak": r"exited with status (?:1|70) while .*",
    "hook": None,
    "unpacker": None,
}
WAYS = tuple(_WORDS)
_SIGNALS = {"segv": signal.SIGSEGV, "kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_HOOKS = {
    "before": "before", "after": "after", "undo_before": "before-back", "undo_after": "after-back",
    "undo_notify": "failed",
}  # fmt: skip

_HOOK = """\
kind=$DROPSHIP_PHASE${{DROPSHIP_ROLLBACK:+-back}}
case $kind in failed*) kind=failed ;; esac
if rm "{folder}/strike/$1-$kind" 2>/dev/null; then kill -9 $$; fi
if test "$kind" = after && test -e "{folder}/bad/$1" && grep -q '^2$' "{folder}/srv/$1/version"
then exit 1
fi
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to die in one phase."""

    phase: str
    way: str

    @property
    def name(self) -> str:
        """Its victim."""
        return f"{self.phase}-{self.way}".replace("_", "-")


@dataclass
class Outcome:
    """What was seen; ``faults`` tell what must not be."""

    cells: int = 0
    deaths: int = 0
    told: int = 0
    slowest_step: float = 0.0
    left_out: dict[str, str] = field(default_factory=dict)
    by_way: dict[str, int] = field(default_factory=dict)
    by_phase: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def cells() -> list[Cell]:
    """All that there are."""
    return [
        Cell(phase, way)
        for phase in PHASES
        for way in WAYS
        if (way != "hook" or phase in _HOOKS) and (way != "unpacker" or phase == "staging")
    ]


class Round:
    """Victims of some cells, side by side in one agent."""

    def __init__(self, folder: Path, chosen: Sequence[Cell], outcome: Outcome) -> None:
        self.host = Host(folder)
        self.cells = chosen
        self.outcome = outcome
        self._told: dict[str, set[str]] = {one.name: set() for one in chosen}
        self._step, self._published = 0, 0.0
        self._oom_kills = oom.kills()
        for name in ("strike", "bad"):
            (folder / name).mkdir()
        self._site = plug(folder)
        hook = folder / "hook.sh"
        hook.write_text(_HOOK.format(folder=folder))
        self.host.configure(
            self.host.service(name=STEADY, interval="1h"),
            self.host.service(name=MOVING),
            *(self._victim(one, f"sh {hook} {one.name}") for one in chosen),
            main='watchdog = "1s"\nlock "file" { perService = true }\n',
        )

    def _victim(self, cell: Cell, hook: str) -> str:
        body = f"""
  sequentialUpdates = true
  updateTTL = "{"1s" if cell.phase == "holding" else "0s"}"
  worker {{
    memory = "200MB"
    nofile = 64
  }}
  before "script" {{ command = "{hook}" }}
  after "script" {{ command = "{hook}" }}
  failed "script" {{ command = "{hook}" }}
  health "script" {{
    command = "true"
    # A worker without descriptors waits it out, well before we give up.
    within = "20s"
  }}
"""
        return self.host.service(body, name=cell.name, interval="500ms")

    def run(self) -> None:
        """Strike everybody, and see that everything is as it should be."""
        host = self.host
        for name in (STEADY, MOVING, *(one.name for one in self.cells)):
            host.publish({"version": "1"}, name)
        host.start(PYTHONPATH=str(self._site))
        for name in (STEADY, MOVING, *(one.name for one in self.cells)):
            host.until_version("1", name)
        self._until_idle()
        before = self._ground()
        bystanders = {name: host.pid(name) for name in (STEADY, MOVING)}
        with _control_group(self.cells) as group:
            self._order()
            self._strike(group)
        self._until_dead()
        for one in self.cells:
            host.publish({"version": "3"}, one.name)
        for one in self.cells:
            self._until(partial(self._converged, one.name), f"{one.name} converges")
        self._until_idle()
        self._judge()
        self._until(lambda: self._ground() == before, lambda: f"{before} again: {self._ground()}")
        now = {name: host.pid(name) for name in bystanders}
        if now != bystanders:
            self._fault(f"bystanders were {bystanders}, are {now}")
        if (code := host.stop()) != 0:
            self._fault(f"the agent ended with {code}")
        self._until(lambda: not host.left_over(), lambda: f"nobody is left: {host.left_over()}")

    # --- striking -------------------------------------------------------------------------------

    def _order(self) -> None:
        folder = self.host.folder
        for one in self.cells:
            if one.phase in BACKWARDS:
                (folder / "bad" / one.name).touch()
            if one.way == "hook":
                (folder / "strike" / f"{one.name}-{_HOOKS[one.phase]}").touch()
                continue
            draft = folder / "orders" / f".{one.name}"
            draft.write_text(f"{one.phase} {one.way}")
            draft.rename(folder / "orders" / one.name)
            if one.phase == "starting":
                os.kill(self.host.pid(one.name), signal.SIGKILL)
        for one in self.cells:
            self.host.publish({"version": "2"}, one.name)

    def _strike(self, group: Path | None) -> None:
        """As soon as each has come to where it is to be struck."""
        for one in self.cells:
            if one.way not in (*_SIGNALS, "oom"):
                continue
            held = self.host.folder / "held" / one.name
            self._until(held.exists, f"{one.name} comes so far")
            if one.way in _SIGNALS:
                os.kill(int(held.read_text()), _SIGNALS[one.way])
            elif group is not None:
                self._starve(one, group, int(held.read_text()))

    def _starve(self, one: Cell, group: Path, pid: int) -> None:
        (group / "cgroup.procs").write_text(str(pid))
        (self.host.folder / "eat" / one.name).touch()
        # One at a time: the kernel is to strike him, not his neighbour.
        self._until(lambda: not psutil.pid_exists(pid), f"{one.name} is killed by the kernel")
        (self.host.folder / "eat" / one.name).unlink()

    def _until_dead(self) -> None:
        for one in self.cells:
            if _WORDS[one.way] is not None:
                self._until(partial(self._died, one), f"{one} dies")
            elif one.way == "hook":
                self._until(partial(self._hook_died, one), f"{one}: the hook is killed")
            else:
                struck = self.host.folder / "struck" / one.name
                self._until(struck.exists, f"{one} strikes")

    def _died(self, one: Cell) -> bool:
        return len(self._deaths(one)) >= (2 if one.phase == "starting" else 1)

    def _hook_died(self, one: Cell) -> bool:
        return not (self.host.folder / "strike" / f"{one.name}-{_HOOKS[one.phase]}").exists()

    def _converged(self, name: str) -> bool:
        return self.host.version(name) == "3"

    # --- looking --------------------------------------------------------------------------------

    def _until(self, what: Callable[[], object], doing: str | Callable[[], str]) -> None:
        """Wait; meanwhile somebody else updates, and the agent answers."""

        def looked() -> bool:
            self._look()
            return bool(what())

        eventually(
            looked,
            lambda: f"{doing if isinstance(doing, str) else doing()}: {self._said()}",
            deadline=60,
        )

    def _look(self) -> None:
        """One version further with the service that nothing happens to, and a question."""
        if self._step == 0 or self.host.version(MOVING) == f"{self._step}.":
            self._step += 1
            self._published = time.monotonic()
            self.host.publish({"version": f"{self._step}."}, MOVING)
        else:
            late = time.monotonic() - self._published
            self.outcome.slowest_step = max(self.outcome.slowest_step, round(late, 2))
        for name, service in self.host.services().items():
            if service["state"] == "crashed" and name in self._told:
                self._told[name].add(service["lastError"])

    def _said(self) -> str:
        """The end of the log, without those who go on as ever."""
        lines = [line for line in self.host.said().splitlines() if f"[{MOVING}]" not in line]
        return "\n".join(lines[-60:])

    def _deaths(self, one: Cell) -> list[str]:
        return re.findall(rf"ERROR \[{one.name}\] worker died: (.*)", self.host.said())

    def _until_idle(self) -> None:
        """Everybody rests, and nothing is left in staging."""

        def rests() -> bool:
            found = self.host.services()
            return bool(found) and all(one["state"] == "idle" for one in found.values())

        def states() -> str:
            found = self.host.services()
            return str([one for one in found.values() if one["state"] != "idle"])

        self._until(rests, lambda: f"all rest: {states()}")
        names = [one.name for one in self.cells]
        self._until(lambda: not any(map(self.host.litter, names)), "staging is swept")

    def _judge(self) -> None:
        # Whom the kernel has struck meanwhile, on the whole machine, is not to be told.
        perhaps = f"(?:{_PERHAPS})?" if oom.kills() != self._oom_kills else ""
        for one in self.cells:
            self.outcome.cells += 1
            deaths = self._deaths(one)
            self.outcome.deaths += len(deaths)
            words = _WORDS[one.way]
            if words is None:
                continue
            doing = one.phase.replace("_", " ")
            again = ", 2nd time" if one.phase == "starting" else ""
            wanted = words.format(phase=doing, perhaps=perhaps) + again
            if len(deaths) != (2 if again else 1) or not re.fullmatch(
                rf"{wanted}, next try in [12] s", deaths[-1]
            ):
                self._fault(f"{one}: died of {deaths}")
            told = self._told[one.name]
            self.outcome.told += bool(told)
            odd = [
                text for text in told if not re.fullmatch(rf"{wanted}, next try in [12] s", text)
            ]
            if odd and not again:
                self._fault(f"{one}: lastError was {odd}")
        if self.outcome.slowest_step > 30:
            self._fault(f"a bystander took {self.outcome.slowest_step} s for an update")
        if re.search(r"\[(steady|moving)\] .*(died|silent|killing)", self.host.said()):
            self._fault("a bystander was hurt")

    def _ground(self) -> tuple[int, int]:
        """Descriptors and children of the supervisor, zombies included; those who answer are not."""
        pid = self.host.agent.pid
        children = psutil.Process(pid).children()
        own = [one for one in children if not _answers(one)]
        return len(list(Path(f"/proc/{pid}/fd").iterdir())), len(own)

    def _fault(self, words: str) -> None:
        self.outcome.faults.append(words)


def _answers(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "answering" in " ".join(process.cmdline())
    return True


def no_control_group() -> str | None:
    """Why no worker can be put into a small memory control group here; None if one can."""
    if os.geteuid() != 0:
        return "control groups are root's to make"
    with suppress(OSError), _memory_group():
        return None
    return "there is no memory controller of control groups here (v1 or v2)"


@contextmanager
def _control_group(chosen: Sequence[Cell]) -> Iterator[Path | None]:
    if not any(one.way == "oom" for one in chosen):
        yield None
        return
    with _memory_group() as group:
        yield group


@contextmanager
def _memory_group() -> Iterator[Path]:
    """A control group that may hold 64 MiB, and must not swap."""
    v1 = Path("/sys/fs/cgroup/memory")
    above = v1 if v1.is_dir() else Path("/sys/fs/cgroup")
    group = Path(tempfile.mkdtemp(prefix="dropship-test-", dir=above))
    try:
        limit = "memory.limit_in_bytes" if above == v1 else "memory.max"
        swap = "memory.memsw.limit_in_bytes" if above == v1 else "memory.swap.max"
        (group / limit).write_text(str(64 << 20))
        with suppress(OSError):  # not everywhere is swap accounted for
            (group / swap).write_text(str(64 << 20) if above == v1 else "0")
        yield group
    finally:
        # Its last process may be a moment from being gone.
        eventually(lambda: _removed(group), f"remove {group}")


def _removed(group: Path) -> bool:
    with suppress(OSError):
        group.rmdir()
    return not group.exists()


def rounds(folder: Path, count: int, seed: int) -> Outcome:
    """``count`` cells in an order by chance, all of them once before any comes again."""
    outcome = Outcome()
    possible = cells()
    if (why := no_control_group()) is not None:
        outcome.left_out["oom"] = why
        possible = [one for one in possible if one.way != "oom"]
    chance = random.Random(seed)
    chosen: list[Cell] = []
    while len(chosen) < count:
        chosen += chance.sample(possible, len(possible))
    for start in range(0, count, SIDE_BY_SIDE):
        place = folder / f"round-{start}"
        place.mkdir()
        part = list(dict.fromkeys(chosen[start : min(start + SIDE_BY_SIDE, count)]))
        one = Round(place, part, outcome)
        try:
            one.run()
        except AssertionError as error:
            outcome.faults.append(str(error))
        finally:
            one.host.close()
    done = chosen[:count]
    outcome.by_way = dict(Counter(one.way for one in done))
    outcome.by_phase = dict(Counter(one.phase for one in done))
    return outcome
