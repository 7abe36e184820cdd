"""Several hosts for tests that take turns with each other: each with an agent, state and destination."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.host import DEADLINE, Host, eventually


class Fleet:
    """Hosts over one store and one lock block; their service is ``app``."""

    def __init__(self, folder: Path, size: int, lock: str) -> None:
        self.folder = folder
        self.lock = lock
        self.hosts = [self._host(number) for number in range(size)]
        self.store = self.hosts[0]

    def _host(self, number: int) -> Host:
        folder = self.folder / f"web-{number:02}"
        folder.mkdir()
        return Host(folder)

    def configure(
        self, body: Callable[[Host], str] = lambda _: "", interval: str = "200ms"
    ) -> None:
        """Give each host its service; ``body`` is what stands in it besides."""
        for host in self.hosts:
            turns = f"sequentialUpdates = true\n  {body(host)}"
            block = host.service(turns, interval=interval)
            host.configure(
                block.replace(f"{host.store}/app", f"{self.store.store}/app"), main=self.lock
            )

    def publish(self, files: Mapping[str, str]) -> None:
        """Put an artifact into the store."""
        self.store.publish(files)

    def start(self) -> None:
        """Start all agents."""
        for host in self.hosts:
            host.start()

    def until_version(self, version: str, deadline: float = 2 * DEADLINE) -> None:
        """Wait until all hosts have it."""
        eventually(
            lambda: all(host.version() == version for host in self.hosts),
            lambda: f"have {version}: {[host.version() for host in self.hosts]}\n{self.said()}",
            deadline,
        )

    def said(self) -> str:
        """All logs."""
        return "\n".join(f"--- {host.folder.name}\n{host.said()}" for host in self.hosts)

    def turns(self) -> dict[str, Any]:
        """The one scope of ``lock ls``, as the first host sees it."""
        (found,) = json.loads(self.store.run("lock", "ls", "--format", "json").stdout)
        return dict(found)

    def holder(self) -> Host:
        """The host that holds the one turn."""

        def found() -> Host | None:
            pids = {one["pid"] for one in self.turns()["holders"]}
            return next((one for one in self.hosts if one.worker().get("pid") in pids), None)

        return eventually(found, self.said)


@contextmanager
def standing(folder: Path, *names: str) -> Iterator[list[Host]]:
    """Hosts below a folder, called so; nothing is left running on them."""
    made = []
    for name in names:
        (folder / name).mkdir()
        made.append(Host(folder / name))
    try:
        yield made
    finally:
        for host in made:
            host.close()


@contextmanager
def running(folder: Path, size: int, lock: str) -> Iterator[Fleet]:
    """A fleet; nothing of it is left running."""
    fleet = Fleet(folder, size, lock)
    try:
        yield fleet
    finally:
        for host in fleet.hosts:
            host.close()
