"""A fleet that takes turns, as its operators see it: real agents over each engine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.documents import document
from tests.e2e.fleet import Fleet, running
from tests.e2e.host import Host, eventually, tarball
from tests.engines import ENGINES, LOCK, Block

# Waits for a gate of its own host's, and says that it does.
_GATED = """before "script" {{
    command = "echo held >> {folder}/held; while [ ! -e {folder}/gate ]; do sleep 0.05; done"
  }}"""
_HEALTH = """health "script" {{
    command  = "grep -q 1 {there}/version || test -e {mended}"
    within   = "3s"
    interval = "20ms"
  }}"""


# The turns themselves are the contract suite's to try; here each engine is one more way round.
_ENGINES = [
    pytest.param(name, marks=() if name == "file" else pytest.mark.endurance) for name in ENGINES
]


@pytest.fixture(scope="module", params=_ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Block]:
    """Each engine in turn."""
    with ENGINES[request.param](tmp_path_factory.mktemp(request.param)) as block:
        yield block


@pytest.fixture
def lock(engine: Block, tmp_path: Path) -> str:
    """Its lock block, of this test alone."""
    return engine(tmp_path)


def _gated(host: Host) -> str:
    return _GATED.format(folder=host.folder)


def test_bad_release_costs_one_host_until_the_fleet_forgets_it_or_there_is_another(
    tmp_path: Path, lock: str
) -> None:
    """One takes it and goes back, the others never start it, and say whose fault it is."""
    mended = tmp_path / "mended"
    with running(tmp_path, 3, lock) as fleet:
        fleet.configure(lambda host: _HEALTH.format(there=host.destination(), mended=mended))
        fleet.publish({"version": "1"})
        fleet.start()
        fleet.until_version("1")
        fleet.publish({"version": "2"})
        bad = eventually(lambda: _taken_back(fleet), fleet.said)
        others = [host for host in fleet.hosts if host is not bad]
        for host in others:
            _says_fleet_failed(host)
            assert [row["outcome"] for row in host.history()] == ["updated"]
        assert [host.version() for host in fleet.hosts] == ["1"] * 3
        # Another artifact needs nobody's help.
        fleet.publish({"version": "1 again"})
        fleet.until_version("1 again")
        eventually(lambda: all(_last(host) == "updated" for host in fleet.hosts), fleet.said)
        fleet.publish({"version": "3"})
        bad = eventually(lambda: _taken_back(fleet), fleet.said)
        others = [host for host in fleet.hosts if host is not bad]
        mended.touch()
        for host in others:
            _says_fleet_failed(host)
        said = others[0].run("retry", "app", "--fleet")
        assert said.returncode == 0, said
        assert f"the fleet forgets: failed on {socket.gethostname()} at " in said.stdout
        for host in others:
            host.until_version("3")
        assert bad.version() == "1 again"
        assert bad.run("retry", "app", "--fleet").returncode == 0
        fleet.until_version("3")


def _taken_back(fleet: Fleet) -> Host | None:
    """The host that went back, if one did; it may well be the same as the last time."""
    found = [host for host in fleet.hosts if _last(host) == "rolled-back"]
    assert len(found) <= 1
    return found[0] if found else None


def _last(host: Host) -> str:
    """How its last update ended; a line of history comes a moment after the switch."""
    return next((str(row["outcome"]) for row in reversed(host.history())), "")


def _says_fleet_failed(host: Host) -> None:
    def why() -> bool:
        said = document("why", host.run("why", "app", "--format", "json").stdout)
        owned = (said["code"], said["owner"]) == ("fleet-failed", socket.gethostname())
        return owned and "failed on" in said["reason"] and not said["upToDate"]

    eventually(why, host.said)


def test_operator_sees_who_holds_a_turn_and_breaks_it(tmp_path: Path, lock: str) -> None:
    """Who waits goes on at once; the one that held it touches nothing, and tries again."""
    with running(tmp_path, 2, lock) as fleet:
        held, other = _one_holds(fleet)
        assert held.services()["app"]["turn"]["held"] is True
        (other.folder / "gate").touch()
        said = other.run("lock", "break", LOCK)
        assert said.stdout == f"app: broke the turn of {socket.gethostname()} (app)\n", said
        other.until_version("2")
        assert held.version() == "1"
        (held.folder / "gate").touch()
        held.until_version("2")
        past = held.history()
        assert [row["outcome"] for row in past] == ["updated", "failed", "updated"]
        assert "broken" in past[1]["error"]
        assert held.saved()["quarantine"] == []
        again = other.run("lock", "break", LOCK)
        assert again.stdout == "app: nobody held a turn\n"
        found = other.run("lock", "ls", "--format", "json")
        (turns,) = document("lock", found.stdout)
        assert turns["broken"]["holders"] == [f"{socket.gethostname()} (app)"], "still the record"


def _one_holds(fleet: Fleet) -> tuple[Host, Host]:
    """Version 1 everywhere; of 2, the host that holds the turn before its gate, and the one that waits."""
    fleet.configure(_gated)
    fleet.publish({"version": "1"})
    for host in fleet.hosts:
        (host.folder / "gate").touch()
    fleet.start()
    fleet.until_version("1")
    for host in fleet.hosts:
        (host.folder / "gate").unlink()
    fleet.publish({"version": "2"})
    held = fleet.holder()
    (other,) = (host for host in fleet.hosts if host is not held)
    _waits(other)
    return held, other


def _waits(host: Host) -> None:
    """It says who has the turn."""
    name = f"{socket.gethostname()} (app)"

    def turn() -> bool:
        found = host.services()["app"]
        return found["state"] == "waiting" and found["turn"]["waitingFor"] == [name]

    eventually(turn, host.said)
    (mine,) = document("status", host.run("status", "--format", "json").stdout)["services"]
    assert mine["turn"]["lock"] == LOCK
    assert mine["turn"]["held"] is False
    assert mine["turn"]["since"]
    said = json.loads(host.run("why", "app", "--format", "json").stdout)
    assert (said["code"], said["owner"]) == ("waiting-turn", name)
    assert said["reason"].startswith("waits for its turn since ")
    assert said["reason"].endswith(f"; {name} has it")


def test_what_the_store_had_while_a_host_waited_is_never_installed(
    tmp_path: Path, lock: str
) -> None:
    """It gives the turn back, stages what is there by now, and takes another one."""
    with running(tmp_path, 2, lock) as fleet:
        held, other = _one_holds(fleet)
        fleet.publish({"version": "3"})
        for host in fleet.hosts:
            (host.folder / "gate").touch()
        fleet.until_version("3")
        for host in fleet.hosts:
            host.until_version("3")
        assert [len(held.history()), len(other.history())] == [3, 2]
        assert all(row["outcome"] == "updated" for row in other.history())


@pytest.fixture
def slow_store() -> Iterator[tuple[str, list[str], threading.Event]]:
    """A web server whose downloads come to their end only once the event is set: where, and who asks."""
    content, asked, gate = tarball({"version": "1"}), [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(content[:10])
            asked.append(self.path)
            gate.wait(60)
            self.wfile.write(content[10:])

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/app.tar.gz", asked, gate
    gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.endurance
def test_nobody_holds_a_turn_while_a_slow_store_is_downloaded_from(
    tmp_path: Path, lock: str, slow_store: tuple[str, list[str], threading.Event]
) -> None:
    """All hosts download at the same time, and take turns only for the switch."""
    url, asked, gate = slow_store
    with running(tmp_path, 3, lock) as fleet:
        for host in fleet.hosts:
            host.configure(
                f"""
service "app" {{
  checkInterval     = "1h"
  sequentialUpdates = true
  artifact "http" {{
    url         = "{url}"
    destination = "{host.destination()}"
  }}
}}""",
                main=fleet.lock,
            )
        fleet.start()
        eventually(lambda: len(asked) == 3, fleet.said)
        assert fleet.turns()["holders"] == []
        assert {host.services()["app"]["state"] for host in fleet.hosts} == {"staging"}
        gate.set()
        fleet.until_version("1")
