"""A soak: many services with short intervals, versions all the time, and whatever runs is killed.

What is looked at is what leaks or is missed over time: memory, descriptors and processes, versions
that stood in the store undisturbed and were never installed.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from tests.e2e.host import Host, eventually, tarball
from tests.plot import Panel, svg

SERVICES: Final = 50
_OVER_HTTP: Final = 10
_WARM_UP: Final = 4
_PUBLISH_EVERY: Final = 0.6
_STRIKE_EVERY: Final = 2.0
_LOOK_EVERY: Final = 5.0
_CHILD_WITHIN: Final = 1.5
# A version that stands so long is installed, if nobody strikes: interval, backoff, a slow machine.
_OWED_AFTER: Final = 30.0
# And nobody has struck for so long: a worker that died often comes back after a minute at most.
_AT_PEACE: Final = 61.0
_CONVERGED_WITHIN: Final = 180.0
# What counts as flat: the last sixth of the time beside the second one.
FLAT: Final = 1.05
_SOME: Final = 1 << 20
# Bytes of a worker: what it frees and takes again copies a shared page now and then, ever fewer.
_COPIED: Final = 512 << 10

_SERVICE: Final = """
service "{name}" {{
  checkInterval = "1s"
  artifact {store}
    destination  = "{destination}"
    keepReleases = 1
  }}
  {body}
}}
"""
_BODY: Final = """
  before "script" {{ command = "true" }}
  after  "script" {{ command = "! grep -q bad {destination}/version" }}
"""
_HEALTH: Final = """
  health "script" {{
    command  = "! grep -q ill {destination}/version"
    within   = "1s"
    interval = "100ms"
  }}
"""


@dataclass(frozen=True)
class Look:
    """What there was at one moment. Memory in bytes; ``at``: seconds since the start."""

    at: float
    supervisor: int
    tree: int
    descriptors: int
    processes: int
    zombies: int


@dataclass
class _Version:
    """One that was published. ``since``, ``until``: when it stood in the store."""

    md5: str
    good: bool
    since: float
    until: float = 0.0


@dataclass
class Outcome:
    """What was seen; ``faults`` tell what must not be."""

    published: int = 0
    owed: int = 0
    updates: int = 0
    taken_back: int = 0
    strikes: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    looks: list[Look] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def names() -> list[str]:
    """The services."""
    return [f"app-{number:02}" for number in range(SERVICES)]


def soak(host: Host, seconds: float, seed: int, web: tuple[str, Path] | None = None) -> Outcome:
    """Run for so long. ``web``: a server's address and the folder that it serves."""
    return _Soak(host, seed, web).run(seconds)


class _Soak:
    def __init__(self, host: Host, seed: int, web: tuple[str, Path] | None) -> None:
        self._host = host
        self._chance = random.Random(seed)
        self._web = web
        self._outcome = Outcome()
        self._versions: dict[str, list[_Version]] = {name: [] for name in names()}
        self._struck: dict[str, list[float]] = {name: [] for name in names()}
        self._frozen: list[tuple[float, int]] = []
        self._texts: dict[str, str] = {}
        self._number = 0
        self._began = 0.0

    def run(self, seconds: float) -> Outcome:
        """All of it."""
        self._host.configure(*map(self._service, names()), main="max_stagings = 4")
        self._host.start()
        # What a worker learns at its first updates stays with it.
        for _ in range(_WARM_UP):
            for name in names():
                self._publish(name, "")
            for name in names():
                self._host.until_version(self._texts[name], name)
        self._began = time.monotonic()
        due = {self._step_publish: 0.0, self._strike: _STRIKE_EVERY, self._look: 0.0}
        every = {
            self._step_publish: _PUBLISH_EVERY, self._strike: _STRIKE_EVERY, self._look: _LOOK_EVERY,
        }  # fmt: skip
        while (now := self._now()) < seconds:
            self._thaw(now)
            step = min(due, key=lambda one: due[one])
            time.sleep(max(0.0, min(due[step] - now, 0.2)))  # the time itself is what is tested
            if self._now() >= due[step]:
                due[step] = self._now() + every[step]
                step()
        self._thaw(float("inf"))
        self._finish()
        return self._outcome

    def _now(self) -> float:
        return time.monotonic() - self._began

    # --- what goes on ---------------------------------------------------------------------------

    def _service(self, name: str) -> str:
        destination = self._host.destination(name)
        number = names().index(name)
        body = _BODY if number % 2 else ""
        body += _HEALTH if number % 3 == 0 else ""
        store = f'"file" {{\n    path = "{self._host.store}/{name}.tar.gz"\n    settle = "0s"'
        if self._web and number < _OVER_HTTP:
            store = f'"http" {{\n    url = "{self._web[0]}/{name}.tar.gz"'
        return _SERVICE.format(
            name=name,
            store=store,
            destination=destination,
            body=body.format(destination=destination),
        )

    def _publish(self, name: str, kind: str) -> None:
        self._number += 1
        now = self._now() if self._began else 0.0
        # Its length tells versions apart where a server's clock of seconds does not.
        self._texts[name] = f"{name} {self._number}{kind}"
        files = {"version": self._texts[name], "noise": "." * (self._number % 5000)}
        data = tarball({**files, "bytes": random.Random(self._number).randbytes(20_000)})
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        past = self._versions[name]
        if past:
            past[-1].until = now
        past.append(_Version(digest, not kind, now))
        self._outcome.published += 1
        if self._web and names().index(name) < _OVER_HTTP:
            fresh = self._web[1] / f".{name}.new"
            fresh.write_bytes(data)
            fresh.rename(self._web[1] / f"{name}.tar.gz")
        else:
            self._host.publish(data, name)

    def _step_publish(self) -> None:
        name = self._chance.choice(names())
        number = names().index(name)
        kinds = [" bad"] * (number % 2) + [" ill"] * (number % 3 == 0)
        bad = bool(kinds) and self._chance.random() < 0.15
        self._publish(name, self._chance.choice(kinds) if bad else "")

    def _strike(self) -> None:
        act = self._chance.choice(
            [
                self._kill_worker,
                self._kill_worker,
                self._kill_child,
                self._freeze,
                self._ask,
                self._reload,
            ]
        )
        kind = act()
        self._outcome.strikes[kind] = self._outcome.strikes.get(kind, 0) + 1

    def _kill_worker(self) -> str:
        name, worker = self._somebody()
        number = self._chance.choice(
            [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT]
        )
        if worker is None:
            return "nobody"
        self._note(name)
        with suppress(ProcessLookupError):
            os.kill(worker, number)
        return f"worker {number.name}"

    def _kill_child(self) -> str:
        """An unpacker, a hook, or whatever a worker forks for the version that it is given."""
        name, worker = self._somebody()
        if worker is None:
            return "nobody"
        self._note(name)
        self._publish(name, "")
        until = time.monotonic() + _CHILD_WITHIN
        while time.monotonic() < until:
            with suppress(psutil.Error):
                for child in psutil.Process(worker).children():
                    child.kill()
                    return "child SIGKILL"
        return "nobody"

    def _freeze(self) -> str:
        name, worker = self._somebody()
        if worker is None:
            return "nobody"
        self._note(name)
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGSTOP)
            self._frozen.append((self._now() + 1.0, worker))
        return "worker SIGSTOP"

    def _thaw(self, now: float) -> None:
        for frozen in [one for one in self._frozen if one[0] <= now]:
            self._frozen.remove(frozen)
            with suppress(ProcessLookupError):
                os.kill(frozen[1], signal.SIGCONT)

    def _ask(self) -> str:
        if len(self._host.services()) != SERVICES:
            self._outcome.faults.append(f"{self._now():.0f} s: status does not tell of everybody")
        return "status"

    def _reload(self) -> str:
        self._host.agent.send_signal(signal.SIGHUP)
        return "reload"

    def _note(self, name: str) -> None:
        self._struck[name].append(self._now())

    def _somebody(self) -> tuple[str, int | None]:
        name = self._chance.choice(names())
        return name, self._workers().get(name)

    def _workers(self) -> dict[str, int]:
        """By their titles, so that the agent is not asked."""
        found = {}
        for child in psutil.Process(self._host.agent.pid).children():
            with suppress(psutil.Error, IndexError):
                title = child.cmdline()[0]
                if title.startswith("dropship: worker "):
                    found[title.removeprefix("dropship: worker ")] = child.pid
        return found

    # --- what is looked at ----------------------------------------------------------------------

    def _look(self) -> None:
        supervisor = psutil.Process(self._host.agent.pid)
        family = [supervisor, *supervisor.children(recursive=True)]
        tree, zombies = 0, 0
        for one in family:
            with suppress(psutil.Error):
                zombies += one.status() == psutil.STATUS_ZOMBIE
                tree += one.memory_full_info().pss
        self._outcome.looks.append(
            Look(
                at=round(self._now(), 1),
                supervisor=supervisor.memory_info().rss,
                tree=tree,
                descriptors=supervisor.num_fds(),
                processes=len(family),
                zombies=zombies,
            )
        )

    def _finish(self) -> None:
        """The last version of everybody, good; then nothing must be left over."""
        for name in names():
            self._publish(name, "")
        wanted = {name: past[-1].md5 for name, past in self._versions.items()}
        late = self._converge(wanted)
        self._outcome.faults += [f"{name} did not come to its last version" for name in late]
        told = self._host.services()
        self._outcome.restarts = sum(one["worker"]["restarts"] for one in told.values())
        with suppress(AssertionError):
            eventually(lambda: not self._litter(), "sweep", deadline=30)
        self._outcome.faults += [f"left in staging: {one}" for one in self._litter()]
        if status := self._host.stop():
            self._outcome.faults.append(f"the agent ended with {status}")
        self._outcome.faults += [f"{pid} is left over" for pid in self._host.left_over()]
        self._outcome.faults += self._missed()
        self._outcome.faults += grown(self._outcome.looks)

    def _converge(self, wanted: dict[str, str]) -> list[str]:
        """Which services are not at their last version when time is over."""

        def late() -> list[str]:
            told = self._host.services()
            return [name for name, md5 in wanted.items() if told[name]["hash"] != md5]

        with suppress(AssertionError):
            eventually(lambda: not late(), "converge", deadline=_CONVERGED_WITHIN)
        return late()

    def _litter(self) -> list[str]:
        return [str(one) for name in names() for one in self._host.litter(name)]

    def _missed(self) -> Iterator[str]:
        """Versions that stood undisturbed and were not installed, or not taken back."""
        for name, past in self._versions.items():
            entries = self._host.history(name)
            came = {(one["to_hash"], one["outcome"]) for one in entries}
            self._outcome.updates += sum(one["outcome"] == "updated" for one in entries)
            self._outcome.taken_back += sum(one["outcome"] == "rolled-back" for one in entries)
            for version in past[_WARM_UP:-1]:
                if not self._undisturbed(name, version):
                    continue
                self._outcome.owed += 1
                outcome = "updated" if version.good else "rolled-back"
                if (version.md5, outcome) not in came:
                    yield f"{name}: {version.md5} stood from {version.since:.0f} s on, not {outcome}"

    def _undisturbed(self, name: str, version: _Version) -> bool:
        quiet_from, quiet_to = version.since - _AT_PEACE, version.since + _OWED_AFTER
        struck = any(quiet_from <= one <= quiet_to for one in self._struck[name])
        return not struck and version.until - version.since > _OWED_AFTER


def picture(looks: Sequence[Look]) -> str:
    """What was looked at, over time."""
    figures: list[tuple[str, str, Callable[[Look], float]]] = [
        ("memory of the supervisor (RSS)", "MiB", lambda one: one.supervisor / _SOME),
        ("memory of all processes (PSS)", "MiB", lambda one: one.tree / _SOME),
        ("descriptors of the supervisor", "", lambda one: one.descriptors),
        ("processes", "", lambda one: one.processes),
    ]
    panels = [
        Panel(title, unit, [(one.at, figure(one)) for one in looks])
        for title, unit, figure in figures
    ]
    return svg(f"A soak: {SERVICES} services, versions and kills all the time", panels)


def grown(looks: Sequence[Look]) -> Iterator[str]:
    """What was more in the last sixth of the time than in the second one."""
    figures: dict[str, tuple[Callable[[Look], float], float]] = {
        "memory of the supervisor": (lambda one: one.supervisor, _SOME),
        "memory of all processes": (lambda one: one.tree, SERVICES * _COPIED),
        "descriptors": (lambda one: one.descriptors, 0),
        "processes": (lambda one: one.processes, 0),
    }
    sixth = max(1, len(looks) // 6)
    for name, (figure, slack) in figures.items():
        early = median(figure(one) for one in looks[sixth : 2 * sixth])
        late = median(figure(one) for one in looks[-sixth:])
        if late > FLAT * early + slack:
            yield f"{name} grew from {early:.0f} to {late:.0f}"
    lingering = [one.at for one, other in pairwise(looks) if one.zombies and other.zombies]
    if lingering:
        yield f"zombies at two looks in a row: {lingering}"
