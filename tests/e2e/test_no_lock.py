"""Services that take turns while no lock is named: where they take them, and that it stays so."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.host import Host, eventually
from tests.servers.consul import Consul
from tests.servers.process import free_port

TURNS = "sequentialUpdates = true"


def test_turns_are_taken_at_the_consul_that_was_there_at_first(host: Host, consul: Consul) -> None:
    """As the Go tool took them; everybody who looks is told."""
    host.configure(host.service(TURNS))
    host.publish({"version": "1"})
    host.start(CONSUL_HTTP_ADDR=consul.address)
    host.until_version("1")
    assert "there is no lock block: Consul gives them, as it did" in host.said()
    (warning,) = host.status()["warnings"]
    assert "Consul" in warning
    assert warning in host.run("status").stdout
    assert consul.ask("GET", "kv/dropship/services/.lock")[0]["Value"]
    host.stop()
    # The environment of a command line need not be the agent's.
    assert host.run("update", "app", "--force").returncode == 0
    (turns,) = json.loads(host.run("lock", "ls", "--format", "json").stdout)
    assert (turns["lock"], turns["type"], turns["error"]) == ("consul", "consul", None)


def test_consul_that_is_away_does_not_turn_into_no_turns_at_all(host: Host) -> None:
    """Nobody starts, now or after a restart, and the host says why."""
    address = f"127.0.0.1:{free_port()}"
    host.configure(host.service(TURNS))
    host.publish({"version": "1"})
    for environ in ({"CONSUL_HTTP_ADDR": address}, {}):
        host.start(**environ)
        _cannot_ask(host, address)
        host.stop()
    assert host.version() is None
    shown = host.run("lock", "ls")
    assert shown.returncode == 1
    assert address in shown.stderr


def _cannot_ask(host: Host, address: str) -> None:
    def said() -> bool:
        found = host.services().get("app") or {}
        return address in (found.get("lastError") or "")

    eventually(said, host.said)


def test_turns_are_this_hosts_own_where_there_is_no_consul(host: Host, tmp_path: Path) -> None:
    """Everybody who looks is told; a Consul that comes later changes nothing."""
    host.configure(host.service(TURNS))
    (tmp_path / "state" / "locks").mkdir(parents=True)
    # What an agent leaves that found none; whether there is one on this machine is nobody's business.
    (tmp_path / "state" / "locks" / "default.json").write_text('{"type": "file"}')
    host.publish({"version": "1"})
    host.start(CONSUL_HTTP_ADDR=f"127.0.0.1:{free_port()}")
    host.until_version("1")
    assert "other hosts are not waited for" in host.said()
    (warning,) = host.status()["warnings"]
    assert "on this host only" in warning


def test_hook_by_hand_does_not_choose_where_turns_are_taken(host: Host) -> None:
    """It takes none, and a command line need not have the agent's environment."""
    host.configure(host.service(f'{TURNS}\n  after "script" {{ command = "true" }}'))
    assert host.run("run-hook", "app", "after").returncode == 0
    assert not (host.folder / "state" / "locks" / "default.json").exists()


def test_validate_says_what_is_still_to_be_chosen_and_then_what_was(host: Host) -> None:
    """Before the agent has looked nobody knows; afterwards it is one or the other."""
    host.configure(host.service(TURNS))
    host.publish({"version": "1"})
    assert "Consul gives them if it answers when the agent first starts" in _warned(host)
    assert host.run("update").returncode == 0
    assert "other hosts are not waited for" in _warned(host)
    assert "if it answers" not in _warned(host)


def _warned(host: Host) -> str:
    (found,) = json.loads(host.run("validate", "--format", "json").stdout)["diagnostics"]
    assert found["code"] == "W219"
    return str(found["message"])
