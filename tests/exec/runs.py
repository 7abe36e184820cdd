"""What commands run with in tests: a watch that can be told to interrupt, and what was said."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dropship.core.values import Duration
from dropship.core.watch import Progress
from dropship.errors import InterruptedByStop
from dropship.exec.environ import cleaned
from dropship.exec.run import ProcessGroup, Run


@dataclass
class Watcher:
    """A ``Watch`` that interrupts as soon as ``stop`` says so."""

    stop: Callable[[], bool] = lambda: False
    looks: list[float] = field(default_factory=list)
    reports: list[Progress] = field(default_factory=list)

    def look(self) -> None:
        """See whether to stop."""
        self.looks.append(time.monotonic())
        if self.stop():
            raise InterruptedByStop

    def wait(self, seconds: float) -> None:
        """Sleep."""
        self.look()
        time.sleep(seconds)

    def report(self, progress: Progress) -> None:
        """Keep it."""
        self.reports.append(progress)


@dataclass
class Runner:
    """Makes a ``Run`` and keeps what it was told."""

    timeout: float = 20.0
    watch: Watcher = field(default_factory=Watcher)
    said: list[str] = field(default_factory=list)
    groups: list[ProcessGroup] = field(default_factory=list)
    starting: Callable[[ProcessGroup], None] = lambda _: None

    def run(self, **environ: str) -> Run:
        """What to run with; more variables by name."""

        def starting(group: ProcessGroup) -> None:
            self.groups.append(group)
            self.starting(group)

        return Run(
            timeout=Duration.of(self.timeout),
            environ={**_surroundings(), **environ},
            watch=self.watch,
            starting=starting,
            say=self.said.append,
        )


def _surroundings() -> dict[str, str]:
    """Our own environment, without what steers the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DROPSHIP_")}
    return cleaned(kept)


def eventually(what: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)
