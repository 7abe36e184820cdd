"""The clock of the host jumps: what is due by spans of time takes no notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.agent.answers import seconds_of
from tests.e2e.host import Host, eventually, tarball
from tests.servers.process import missing

pytestmark = pytest.mark.endurance

_LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"
_DAY = 86_400
_INTERVAL = 0.5


@dataclass
class Store:
    """A web server that says when it was asked."""

    url: str = ""
    version: str = "1"
    asked: list[float] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        """The artifact."""
        if request.method == "HEAD":
            self.asked.append(time.monotonic())
        data = tarball({"version": self.version})
        return Response(data, headers={"ETag": f'"{self.version}"'})


@pytest.fixture
def store(httpserver: HTTPServer) -> Store:
    """A store."""
    made = Store(httpserver.url_for("/app.tar.gz"))
    httpserver.expect_request("/app.tar.gz").respond_with_handler(made.answer)
    return made


class Clock:
    """The wall clock that the agent sees: this host's, and an offset."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/").glob(_LIBRARY.lstrip("/")))
        if not found:
            missing("libfaketime")
        self._file = folder / "clock"
        self.offset = 0
        self.jump(0)
        self.environ = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def jump(self, seconds: int) -> None:
        """Let it jump."""
        self.offset += seconds
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{self.offset:+d}\n")
        fresh.rename(self._file)

    def now(self) -> float:
        """What it shows."""
        return time.time() + self.offset


@pytest.fixture
def running(host: Host, store: Store, tmp_path: Path) -> Iterator[Clock]:
    """An agent by a clock of ours, with version 1 installed."""
    clock = Clock(tmp_path)
    host.configure(
        f"""
service "app" {{
  checkInterval = "{int(1000 * _INTERVAL)}ms"
  artifact "http" {{
    url         = "{store.url}"
    destination = "{host.destination()}"
  }}
  after "script" {{ command = "! grep -q bad {host.destination()}/version" }}
}}
""",
        host.service(name="late", interval="1h"),
        main='watchdog = "1s"',
    )
    host.publish({"version": "1"}, "late")
    host.start(**clock.environ)
    host.until_version("1")
    host.until_version("1", "late")
    yield clock
    assert host.stop() == 0


def checked_again(store: Store, times: int = 4) -> list[float]:
    """The next questions, as spans between them."""
    first = len(store.asked)
    eventually(lambda: len(store.asked) > first + times, "check again")
    asked = store.asked[first:]
    return [later - earlier for earlier, later in pairwise(asked)]


@pytest.mark.parametrize("jump", [_DAY, -_DAY, 3600, -3600])
def test_jump_of_the_clock_neither_stops_checks_nor_kills_anybody(
    host: Host, store: Store, running: Clock, jump: int
) -> None:
    """Checks go on at their interval, and neither wait for a day nor all come at once."""
    worker = host.pid()
    running.jump(jump)
    spans = checked_again(store)
    assert min(spans) > 0.8 * _INTERVAL
    store.version = "2"
    host.until_version("2")
    late = host.services()["late"]
    assert 0 < seconds_of(late["nextCheck"]) - running.now() < 4000, (
        "an hour and its splay, by this clock"
    )
    assert host.pid() == worker
    assert host.worker()["restarts"] == 0
    told = host.services()["app"]
    for name, early, late in (("lastCheck", 60, 1), ("nextCheck", 60, 60), ("installedAt", 60, 1)):
        assert -early < seconds_of(told[name]) - running.now() < late, (name, told)


@pytest.mark.parametrize("jump", [_DAY, -_DAY])
def test_jump_while_a_bad_version_is_taken_back_changes_nothing(
    host: Host, store: Store, running: Clock, jump: int
) -> None:
    """It is in quarantine, and stays there; the next version is installed."""
    store.version = "bad"
    host.until_said("quarantined")
    running.jump(jump)
    checked_again(store)
    assert host.version() == "1"
    assert len(host.services()["app"]["quarantined"]) == 1
    store.version = "3"
    host.until_version("3")
    assert [one["outcome"] for one in host.history()] == ["updated", "rolled-back", "updated"]
