"""Reloads under fire: services update all the time while their configuration changes and breaks."""

from __future__ import annotations

import hashlib
import random
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from dropship.agent import client
from dropship.agent.protocol import Request
from dropship.errors import ConfigError
from tests.e2e.host import Host, eventually, tarball

STEADY = ("steady-a", "steady-b")
SHIFTING = ("shift-a", "shift-b", "shift-c")
EVERYBODY = (*STEADY, *SHIFTING)
BROKEN = (
    "\nservice {\n",
    '\nservice "shift-x" { artifact "no-such-repo" { path = "x" destination = "/x" } }\n',
    '\nservice "steady-a" {}\n',
    "\n}\n",
)
EVERY = 0.25


@dataclass
class Outcome:
    """What was seen; ``faults`` tell what must not be."""

    valid: int = 0
    broken: int = 0
    by_signal: int = 0
    by_socket: int = 0
    versions: int = 0
    updates: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Shelf:
    """The store: publishes the next version of every service, again and again."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._done = threading.Event()
        self.version = 0
        self.by_md5: dict[str, int] = {}

    def publish(self) -> None:
        """The next version, of everybody."""
        self.version += 1
        content = tarball({"version": str(self.version)})
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self.by_md5[md5] = self.version
        for name in EVERYBODY:
            self._host.publish(content, name)

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """All the time, while the block lasts."""

        def work() -> None:
            while not self._done.wait(EVERY):
                self.publish()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()


class Fire:
    """One run."""

    def __init__(self, host: Host, seed: int) -> None:
        self.host = host
        self.chance = random.Random(seed)
        self.outcome = Outcome()
        self.shelf = Shelf(host)
        self._settings: Mapping[str, int] = dict.fromkeys(SHIFTING, 0)
        self._number = 0
        self._said = 0

    def service(self, name: str, setting: int) -> str:
        """A service whose hooks tell which update they run in."""
        tell = f"echo $DROPSHIP_PHASE$DROPSHIP_ROLLBACK $DROPSHIP_UPDATE >> {self._marks(name)}"
        return self.host.service(
            f"""
  before "script" {{ command = "{tell}" }}
  after "script" {{ command = "{tell}" }}
""",
            name=name,
            interval=f"{100 + setting}ms",
        )

    def _marks(self, name: str) -> str:
        return f"{self.host.folder}/marks-{name}"

    def configure(self, settings: Mapping[str, int]) -> None:
        """A valid configuration: the steady ones, and those of the others that have a setting."""
        services = {**dict.fromkeys(STEADY, 0), **settings}
        self.host.configure(*(self.service(name, one) for name, one in services.items()))

    # --- reloads --------------------------------------------------------------------------------

    def reload(self) -> None:
        """One: valid or broken, by signal or by socket."""
        by_signal = self.chance.random() < 0.5
        broken = self.chance.random() < 0.3
        before, after = self._settings, self._settings if broken else self._shifted()
        self.configure(after)
        if broken:
            text = self.host.config.read_text()
            self.host.config.write_text(text + self.chance.choice(BROKEN))
        words = self._by_signal() if by_signal else self._by_socket()
        self.outcome.by_signal += by_signal
        self.outcome.by_socket += not by_signal
        self._judge(words, None if broken else _difference(before, after))
        self._settings = after
        if self.chance.random() < 0.5:
            self._let_somebody_update()

    def _let_somebody_update(self) -> None:
        name = self.chance.choice(STEADY)
        version = self.host.version(name)
        eventually(lambda: self.host.version(name) != version, self.host.said)

    def _shifted(self) -> dict[str, int]:
        """Each is there or not, as it was or not."""
        self._number += 1
        found = {}
        for name in SHIFTING:
            kept = self._settings.get(name, self._number)
            if self.chance.random() < 0.7:
                found[name] = self._number if self.chance.random() < 0.4 else kept
        return found

    def _by_socket(self) -> str | None:
        """The words of a good one; None of a refused one."""
        try:
            answer = client.ask(self.host.folder / "run", Request("reload"), timeout=60)
        except ConfigError:
            self._lines()
            return None
        self._lines()
        return str(answer["words"])

    def _by_signal(self) -> str | None:
        self.host.agent.send_signal(signal.SIGHUP)
        (line,) = eventually(self._lines, lambda: f"reload: {self.host.said()}")
        return line

    def _lines(self) -> list[str | None]:
        """What the log has newly told of reloads."""
        found = re.findall(r"INFO reloaded: (.*)|ERROR (not reloaded), ", self.host.said())
        fresh, self._said = found[self._said :], len(found)
        return [None if refused else words for words, refused in fresh]

    def _judge(self, words: str | None, expected: str | None) -> None:
        self.outcome.broken += expected is None
        self.outcome.valid += expected is not None
        if words != expected:
            self.outcome.faults.append(f"reload said {words}, not {expected}")
        error = client.ask(self.host.folder / "run", Request("status"), timeout=60)
        if (error["agent"]["configError"] is not None) is not (expected is None):
            self.outcome.faults.append(f"configError after {expected}: {error['agent']}")
        for what in re.findall(r"(?:added|changed) ([^;]+)", expected or ""):
            self.outcome.changes.update(what.split(", "))

    # --- the end --------------------------------------------------------------------------------

    def converge(self) -> None:
        """Everybody is there again, and gets the last version."""
        last = dict.fromkeys(SHIFTING, 0)
        before, self._settings = self._settings, last
        self.configure(last)
        self._judge(self._by_socket(), _difference(before, last))
        self.shelf.publish()
        for name in EVERYBODY:
            self.host.until_version(str(self.shelf.version), name)
        self.outcome.versions = self.shelf.version

    def look(self) -> None:
        """What everybody has left behind."""
        log = self.host.said()
        faults = self.outcome.faults
        faults += [
            line for line in log.splitlines() if re.search("worker died|Traceback|is silent", line)
        ]
        for name in EVERYBODY:
            starts = len(re.findall(rf"\[{name}\] worker \d+ started", log))
            allowed = 1 + self.outcome.changes[name]
            if starts > allowed or (name in STEADY and starts != 1):
                faults.append(f"{name} was started {starts} times, {allowed} at most")
            faults += [f"{name}: {one}" for one in self._history(name)]

    def _history(self, name: str) -> Iterator[str]:
        rows = self.host.history(name)
        self.outcome.updates += len(rows)
        ids = [row["id"] for row in rows]
        if len(set(ids)) != len(ids):
            yield "an id stands twice in its history"
        if odd := [row for row in rows if row["outcome"] != "updated"]:
            yield f"not updated: {odd}"
        versions = [self.shelf.by_md5[row["to_hash"]] for row in rows]
        if versions != sorted(set(versions)) or versions[-1:] != [self.shelf.version]:
            yield f"versions out of order, twice, or the last one not among them: {versions}"
        with open(self._marks(name)) as file:  # noqa: PTH123 - a name, not a path
            marks = file.read().splitlines()
        wanted = [f"{phase} {one}" for one in ids for phase in ("before", "after")]
        if marks != wanted:
            lost, more = Counter(wanted) - Counter(marks), Counter(marks) - Counter(wanted)
            yield f"hooks that did not run {dict(lost)}, or too often {dict(more)}, or out of order"


def _difference(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """As the agent tells it, in the order of the configuration."""
    added = [name for name in after if name not in before]
    changed = [name for name in after if name in before and before[name] != after[name]]
    removed = [name for name in before if name not in after]
    named = {"added": added, "changed": changed, "removed": removed}
    parts = [f"{what} {', '.join(names)}" for what, names in named.items() if names]
    return "; ".join(parts) or "no service changed"


def rounds(host: Host, count: int, seed: int) -> Outcome:
    """``count`` reloads while versions are published; then it must converge, and be clean."""
    fire = Fire(host, seed)
    fire.configure(dict.fromkeys(SHIFTING, 0))
    fire.shelf.publish()
    host.start()
    for name in EVERYBODY:
        host.until_version("1", name)
    with fire.shelf.publishing():
        for _ in range(count):
            fire.reload()
    fire.converge()
    if host.stop() != 0:
        fire.outcome.faults.append("the agent did not end well")
    fire.look()
    return fire.outcome
