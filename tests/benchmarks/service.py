"""What the visitors of a small web service notice of its updates, at 50 requests a second.

The service is stopped and started by hooks with a file for its pid, and has a health check. Beside
updates by a real agent stand the floor, stopping and starting it and nothing else, and the order
that the Go tool had: stop, download, unpack, start (``curl`` and ``tar``).

Two figures for each. Visitors count failed requests, and the time between two good answers, which
is a fiftieth of a second if nothing happens. The service itself is down from the moment before it
is told to stop until it can be reached again; the scripts and it note both down. A bad release is
not blamed on the update for as long as the health check gives it (``PATIENCE``).
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import website
from tests.benchmarks.website import Kind, Site, Visitor, archive, visited
from tests.e2e.host import Host, eventually
from tests.servers import nginx
from tests.servers.process import free_port

PATIENCE: Final = 2.0
"""Seconds that the health check gives a release."""

TARGETS: Final = {"good": 0.025, "500, and back": 0.1, "silent, and back": 0.1}
"""Seconds at most that an update costs above the restart, and above ``PATIENCE`` if it was bad: then
the service is stopped and started twice, and what goes on is written to the disk before each step."""

FLOOR: Final = "restart"
_UPDATES: Final[dict[str, Kind]] = {
    "good": "good", "500, and back": "sick", "silent, and back": "silent",
}  # fmt: skip
_GO: Final = "good, stopped first"


@dataclass(frozen=True)
class Outage:
    """One update, as it was noticed.

    Attributes:
        failed: Requests without a good answer.
        gap: The longest time between two good answers, in seconds.
        down: From before it was told to stop until it could be reached for good, in seconds.
        script: Of that, from the end of a stop script to the beginning of the start script.
    """

    failed: int
    gap: float
    down: float
    script: float


def measured(rounds: int, size: int, folder: Path, *, warm_up: bool = True) -> list[dict[str, Any]]:
    """All of them in turn, ``rounds`` times, after once that does not count."""
    found: dict[str, list[Outage]] = {}
    with _stage(folder, size) as stage:
        if warm_up:
            list(stage.round())
        for _ in range(rounds):
            for name, noticed in stage.round():
                found.setdefault(name, []).append(noticed)
    floor = statistics.median(one.down for one in found[FLOOR])
    return [row(name, outages, floor) for name, outages in found.items()]


@contextmanager
def _stage(folder: Path, size: int) -> Iterator[_Stage]:
    with nginx.running(folder) as store:
        ours = Site(folder / "ours", folder / "host" / "srv" / "app", free_port())
        theirs = Site(folder / "theirs", folder / "srv", free_port())
        (folder / "host").mkdir()
        host = Host(folder / "host")
        try:
            ours.prepare()
            theirs.prepare()
            with visited(ours.port) as one, visited(theirs.port) as other:
                stage = _Stage(host, store, (ours, theirs), (one, other), size)
                stage.begin()
                yield stage
                host.stop()
        finally:
            host.close()
            ours.end()
            theirs.end()


class _Stage:
    """The two sites, one of them an agent's."""

    def __init__(
        self,
        host: Host,
        store: nginx.Nginx,
        sites: tuple[Site, Site],
        visitors: tuple[Visitor, Visitor],
        size: int,
    ) -> None:
        self._host = host
        self._store = store
        self._ours, self._theirs = sites
        self._visitor, self._their_visitor = visitors
        self._size = size
        self._version = 0

    def begin(self) -> None:
        """Install the first release everywhere."""
        self._publish("good")
        self._host.configure(_service(self._ours, f"{self._store.url}/app.tar.gz"))
        self._host.start()
        eventually(self._host.history, self._host.said)
        subprocess.run(["bash", "-c", self._stopped_first()], check=True)

    def round(self) -> Iterator[tuple[str, Outage]]:
        """One after the other."""
        yield FLOOR, self._noticed(self._ours, self._visitor, self._restart)
        for name, kind in _UPDATES.items():
            self._publish(kind)
            yield name, self._noticed(self._ours, self._visitor, self._update)
        self._publish("good")
        yield _GO, self._noticed(self._theirs, self._their_visitor, self._update_as_go)

    def _publish(self, kind: Kind) -> None:
        self._version += 1
        fresh = self._store.www / "app.new"
        fresh.write_bytes(archive(str(self._version), kind, self._size))
        fresh.rename(self._store.www / "app.tar.gz")

    def _noticed(self, site: Site, visitor: Visitor, what: Callable[[], None]) -> Outage:
        visitor.settle()
        site.forget()
        began = time.monotonic()
        what()
        visitor.settle()
        return outage(site.moments(), visitor.since(began))

    def _restart(self) -> None:
        subprocess.run(
            ["bash", "-c", f"bash {self._ours.stop}; bash {self._ours.start}"], check=True
        )

    def _update(self) -> None:
        before = len(self._host.history())
        self._host.run("update", "app")
        eventually(lambda: len(self._host.history()) > before, self._host.said)

    def _update_as_go(self) -> None:
        subprocess.run(["bash", "-c", self._stopped_first()], check=True)

    def _stopped_first(self) -> str:
        site = self._theirs
        file = site.folder / "app.tar.gz"
        return (
            f"set -e; bash {site.stop}; curl -sSf -o {file} {self._store.url}/app.tar.gz; "
            f"rm -rf {site.destination}; mkdir {site.destination}; "
            f"tar -xzf {file} -C {site.destination}; bash {site.start}"
        )


def _service(site: Site, url: str) -> str:
    return f"""
service "app" {{
  checkInterval = "1h"
  artifact "http" {{
    url         = "{url}"
    destination = "{site.destination}"
  }}
  before "script" {{ command = "exec bash {site.stop}" }}
  after  "script" {{ command = "exec bash {site.start}" }}
  health "http" {{
    url      = "http://127.0.0.1:{site.port}/"
    status   = "200"
    interval = "100ms"
    within   = "{PATIENCE}s"
  }}
}}
"""


def outage(moments: Sequence[tuple[str, float]], answers: Sequence[website.Answer]) -> Outage:
    """What was noticed of one update."""
    good = [one.at for one in answers if one.good]
    stopped = [when for what, when in moments if what == "stopped"]
    starting = [when for what, when in moments if what == "starting"]
    return Outage(
        failed=sum(not one.good for one in answers),
        gap=max(later - one for one, later in pairwise(good)),
        down=max(when for what, when in moments if what == "up") - moments[0][1],
        script=sum(later - one for one, later in zip(stopped, starting, strict=True)),
    )


def row(name: str, outages: Sequence[Outage], floor: float) -> dict[str, Any]:
    """The figures of one kind of update, in seconds; ``floor`` is what a restart takes."""
    down = statistics.median(one.down for one in outages)
    above = down - floor - (PATIENCE if name.endswith("back") else 0.0)
    target = TARGETS.get(name)
    return {
        "update": name,
        "failed requests": statistics.median(one.failed for one in outages),
        "longest gap": round(statistics.median(one.gap for one in outages), 4),
        "down": round(down, 4),
        "between stop and start": round(statistics.median(one.script for one in outages), 4),
        "above restart": round(above, 4),
        "all": [round(one.down, 4) for one in outages],
        **({} if target is None else {"target": target, "met": above <= target}),
    }


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"  {one['update']:20} {one['failed requests']:4g} failed, gap {1000 * one['longest gap']:7.1f} ms, "
        f"down {1000 * one['down']:7.1f} ms ({1000 * one['between stop and start']:.1f} between the scripts), "
        f"{1000 * one['above restart']:+.1f} ms above a restart{_verdict(one)}"
        for one in found
    ]


def _verdict(one: Mapping[str, Any]) -> str:
    if "target" not in one:
        return ""
    return f": at most {1000 * one['target']:.0f} {'ok' if one['met'] else 'MISSED'}"
