"""The Consul locker where something is cut, gone, denied, or odd."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dropship.core.values import Duration, Md5, Secret
from dropship.errors import LeaseLostError, LockError
from dropship.lockers import Mark, Place
from dropship.lockers.consul import ConsulLocker, ConsulLockerOptions
from dropship.lockers.consul_keys import ConsulKeys
from dropship.lockers.consul_turns import FLAGS
from dropship.net.consul import Consul as ConsulServer
from dropship.net.consul import ConsulOptions
from tests.exec.runs import Watcher
from tests.lockers.consuls import BROKEN, Hosts, take
from tests.servers import consul as consul_server
from tests.servers.consul import Consul
from tests.servers.process import free_port
from tests.servers.relay import Relay, relay


@pytest.fixture
def hosts(consul: Consul) -> Hosts:
    """Those of this test alone."""
    return Hosts(consul)


@pytest.fixture
def between(consul: Consul) -> Iterator[Relay]:
    """A relay before Consul."""
    with relay(consul.port) as made:
        yield made


@pytest.mark.endurance
def test_turn_of_a_host_that_fell_silent_is_free_after_its_ttl_and_not_before(
    hosts: Hosts,
) -> None:
    """By then the host itself does not trust it any more."""
    began = time.monotonic()
    silent = take(hosts.locker())
    other = take(hosts.locker(), timeout=60, host="web-02")
    assert time.monotonic() - began >= 2
    with pytest.raises(LeaseLostError):
        silent.check()
    other.confirm()
    silent.release()
    other.confirm()
    other.release()


def test_host_that_is_cut_off_has_lost_its_turn_before_another_has_it(
    hosts: Hosts, between: Relay
) -> None:
    """It says why, and is sure of it for good; nobody has the turn before the time to live is over."""
    began = time.monotonic()
    lease = take(hosts.locker(address=f"127.0.0.1:{between.port}"))
    lease.confirm()
    between.cut.set()
    lost: list[LeaseLostError] = []

    def look() -> bool:
        try:
            lease.check()
        except LeaseLostError as error:
            lost.append(error)
        return False

    other = take(hosts.locker(), timeout=60, watch=Watcher(stop=look))
    assert time.monotonic() - began >= 2
    with pytest.raises(LeaseLostError):
        lease.confirm()
    between.cut.clear()
    with pytest.raises(LeaseLostError):
        lease.confirm()
    assert "could not be renewed in time: PUT " in str(lost[0])
    lease.release()
    other.confirm()
    other.release()


def test_turn_survives_a_cut_that_is_shorter_than_its_ttl(hosts: Hosts, between: Relay) -> None:
    """An engine that cannot be asked is believed for as long as it gave."""
    lease = take(hosts.locker(address=f"127.0.0.1:{between.port}", ttl=Duration.of(60)))
    between.cut.set()
    lease.confirm()
    lease.check()
    between.cut.clear()
    lease.confirm()
    lease.release()
    take(hosts.locker()).release()


def test_consul_that_forgot_everything_has_taken_the_turn(
    hosts: Hosts, between: Relay, tmp_path: Path
) -> None:
    """As a development server does when it is restarted; the next turn is had from the new one."""
    locker = hosts.locker(address=f"127.0.0.1:{between.port}", ttl=Duration.of(60))
    lease = take(locker)
    with consul_server.running(tmp_path) as fresh:
        between.cut.set()
        with pytest.raises(LockError):
            locker.standing("all")
        between.port_behind = fresh.port
        between.cut.clear()
        with pytest.raises(LeaseLostError, match="was broken, or ran out"):
            lease.confirm()
        lease.release()
        take(locker).release()


def test_release_that_cannot_be_told_says_so(hosts: Hosts, between: Relay) -> None:
    """The turn runs out by itself."""
    lease = take(hosts.locker(address=f"127.0.0.1:{between.port}"))
    between.cut.set()
    with pytest.raises(LockError, match="start Consul there"):
        lease.release()


def test_nobody_waits_for_a_consul_that_cannot_be_reached() -> None:
    """It is asked again by whoever asked; what is written tells what to do."""
    locker = ConsulLocker(
        ConsulLockerOptions(address=f"127.0.0.1:{free_port()}"), Place(Path(), "all")
    )
    with pytest.raises(LockError, match=r"refused; start Consul there, or write its address"):
        take(locker, timeout=600)
    with pytest.raises(LockError, match=r"start Consul there"):
        locker.standing("all")
    with pytest.raises(LockError, match=r"start Consul there"):
        locker.marks.get("all", Md5("a" * 32))


@pytest.mark.endurance
def test_consul_without_a_leader_gives_no_turns(tmp_path: Path) -> None:
    """That may pass."""
    with consul_server.leaderless(tmp_path) as address:
        locker = ConsulLocker(ConsulLockerOptions(address=address), Place(Path(), "all"))
        watch = Watcher()
        with pytest.raises(LockError, match=r"500 .*leader.*; nothing, if it passes"):
            take(locker, timeout=600, watch=watch)
        assert len(watch.looks) > 3  # while it keeps silent


def test_what_is_no_consul_is_told(hosts: Hosts, httpserver: Any) -> None:
    """By the answer that makes no sense."""
    httpserver.expect_request("/v1/session/create").respond_with_data("<html>")
    locker = hosts.locker(address=httpserver.url_for(""))
    with pytest.raises(LockError, match=r"the answer is not Consul's; write the address"):
        take(locker)


@pytest.mark.parametrize("said", ['{"a": 1}', "[1]", '[{"Key": "a", "Value": "%"}]', "x", "7"])
def test_listing_that_makes_no_sense_is_told(hosts: Hosts, httpserver: Any, said: str) -> None:
    """Not taken for one in which nobody holds a turn."""
    httpserver.expect_request(f"/v1/kv/{hosts.base}").respond_with_data(said)
    with pytest.raises(LockError, match="the answer is not Consul's"):
        hosts.locker(address=httpserver.url_for("")).standing("all")


def test_reason_is_not_looked_for_in_an_address() -> None:
    """What to do depends on what was said, not on where."""
    address = f"127.0.0.1:{free_port()}/403/429"
    locker = ConsulLocker(ConsulLockerOptions(address=address), Place(Path(), "all"))
    with pytest.raises(LockError, match="refused; start Consul there"):
        locker.standing("all")


def test_index_that_went_back_is_not_waited_for(hosts: Hosts) -> None:
    """As of a Consul that was restored from an older copy."""
    keys = ConsulKeys(ConsulServer(ConsulOptions(address=hosts.consul.address), {}))
    first = keys.list(hosts.base)
    assert first.at > 0
    assert keys.list(hosts.base, first.at, 0.1).at == first.at
    assert keys.list(hosts.base, first.at + 1_000_000, 0.1).at == 0
    keys.close()


def test_session_that_ended_has_taken_the_turn_with_it(hosts: Hosts) -> None:
    """As of a node that Consul found unhealthy; also where the record still has it."""
    lease = take(hosts.locker(ttl=Duration.of(60)))
    (session,) = [one for one in hosts.left() if one != ".lock"]
    hosts.consul.ask("PUT", f"session/destroy/{session}")
    with pytest.raises(LeaseLostError, match="was broken, or ran out"):
        lease.confirm()


def test_host_whose_session_ends_while_it_waits_begins_anew(hosts: Hosts) -> None:
    """Nobody would give it the turn: whoever asked asks again."""
    lease, ended = take(hosts.locker(ttl=Duration.of(60))), False

    def look() -> bool:
        nonlocal ended
        mine = [one for one in hosts.consul.ask("GET", "session/list") if one["Name"] == "web-13"]
        if mine and not ended and len(hosts.left()) == 3:
            hosts.consul.ask("PUT", f"session/destroy/{mine[0]['ID']}")
            ended = True
        return False

    with pytest.raises(LockError, match="has ended the session that waited for a turn"):
        take(hosts.locker(), timeout=60, host="web-13", watch=Watcher(stop=look))
    lease.release()


def test_record_that_makes_no_sense_can_be_broken(hosts: Hosts) -> None:
    """Whoever wrote it."""
    hosts.consul.ask("PUT", f"kv/{hosts.base}/.lock?flags={FLAGS}", ["odd"])
    with pytest.raises(LockError, match="is no record of turns"):
        take(hosts.locker())
    hosts.locker().break_turns("all", BROKEN)
    take(hosts.locker()).release()


def test_key_that_is_used_for_something_else_is_left_alone(hosts: Hosts) -> None:
    """Even where turns are broken."""
    hosts.consul.ask("PUT", f"kv/{hosts.base}/.lock", "mine")
    for ask in (take, lambda one: one.standing("all"), lambda one: one.break_turns("all", BROKEN)):
        with pytest.raises(LockError, match="is not of turns: its flags are 0; write another"):
            ask(hosts.locker())
    assert consul_server.value(hosts.consul.ask("GET", f"kv/{hosts.base}/.lock")[0]) == '"mine"'


def test_token_that_consul_does_not_know_is_told(hosts: Hosts) -> None:
    """And never shown."""
    with pytest.raises(LockError, match="ACL not found; write another token") as caught:
        take(hosts.locker(token=Secret("b1946ac9-0000-4000-8000-000000000000")))
    assert "b1946ac9" not in str(caught.value)


@pytest.mark.parametrize(
    "sessions",
    [
        'session_prefix "" { policy = "write" }',
        'session_prefix "" { policy = "deny" } session "NODE" { policy = "write" }',
    ],
)
def test_rights_that_are_documented_are_enough(hosts: Hosts, sessions: str) -> None:
    """For turns, marks, standing, and breaking; sessions of the host's own node are enough."""
    rules = f'key_prefix "dropship/" {{ policy = "write" }} {sessions}'
    token = hosts.consul.token_for(rules.replace("NODE", hosts.consul.node))
    locker = hosts.locker(token=Secret(token))
    lease = take(locker, host=hosts.prefix)
    with pytest.raises(LockError, match=f"held by {hosts.prefix}"):
        take(locker)
    assert len(locker.standing("all").holders) == 1
    mark = Mark(Md5("a" * 32), "web-07", "health http 502", 5.0)
    locker.marks.put("all", mark)
    assert locker.marks.get("all", mark.md5) == mark
    locker.marks.clear("all", mark.md5)
    locker.break_turns("all", BROKEN)
    living = hosts.consul.ask("GET", "session/list")
    assert hosts.prefix not in {one["Name"] for one in living}
    with pytest.raises(LeaseLostError):
        lease.confirm()


@pytest.mark.parametrize(
    "rules",
    [
        'key_prefix "dropship/" { policy = "write" }',
        'key_prefix "dropship/" { policy = "read" } session_prefix "" { policy = "write" }',
    ],
)
def test_rights_that_are_missing_are_named(hosts: Hosts, rules: str) -> None:
    """What is denied leaves nothing behind."""
    locker = hosts.locker(token=Secret(hosts.consul.token_for(rules)))
    with pytest.raises(LockError, match=r'403 .*check the token: its rules need key_prefix "dro'):
        take(locker)
    assert hosts.left() == []
