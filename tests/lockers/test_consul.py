"""The Consul locker: what it leaves there, who waits, what a break means, and other agents."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.core.values import Duration, Secret
from dropship.errors import ConfigError, InterruptedByStop, LeaseLostError, LockError
from dropship.lockers import Place
from dropship.lockers.consul import ConsulLocker, ConsulLockerOptions
from dropship.lockers.consul_turns import FLAGS
from dropship.lockers.timed import TimedLease
from tests.exec.runs import Watcher
from tests.lockers.consuls import BROKEN, Hosts, take
from tests.servers import consul as consul_server
from tests.servers.consul import Consul
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


def test_turn_leaves_nothing_but_the_record_that_the_go_client_leaves(hosts: Hosts) -> None:
    """No contender, no session; nobody in it is an empty map, for which that client can count."""
    take(hosts.locker()).release()
    assert hosts.left() == [".lock"]
    text = hosts.consul.ask("GET", f"kv/{hosts.base}/.lock")[0]
    assert json.loads(consul_server.value(text)) == {"Limit": 1, "Holders": {}}
    assert text["Flags"] == FLAGS
    assert not [one for one in hosts.consul.ask("GET", "session/list") if one["Name"] == "web-01"]


@pytest.mark.parametrize(
    ("prefix", "base"),
    [
        ("", "dropship/services"),
        ("/web/", "dropship/services/web"),
        ("a//b/./c", "dropship/services/a/b/c"),
        ("../turns", "dropship/turns"),
        ("with space", "dropship/services/with space"),
    ],
)
def test_prefix_is_cleaned_as_the_go_tool_cleaned_it(
    consul: Consul, prefix: str, base: str
) -> None:
    """Otherwise old and new agents would take turns in two places."""
    locker = ConsulLocker(
        ConsulLockerOptions(address=consul.address, prefix=prefix), Place(Path(), "all")
    )
    lease = take(locker, timeout=60)
    try:
        assert f"{base}/.lock" in consul.ask("GET", "kv/dropship?keys")
    finally:
        lease.release()
        consul.ask("DELETE", f"kv/{base}/.lock")


@pytest.mark.parametrize("prefix", ["../..", "../../..", "../../../x"])
def test_prefix_that_leads_out_of_all_keys_is_refused(prefix: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ConfigError, match="leads out of all keys"):
        ConsulLocker(ConsulLockerOptions(prefix=prefix), Place(Path(), "all"))


def test_services_have_turns_of_their_own_where_that_is_wanted(hosts: Hosts) -> None:
    """Also one that is called as the lock, or oddly; with limits of their own."""
    locker = hosts.locker(per_service=True)
    names = ("all", "api", "..", "a/b", "é")
    leases = [take(locker, scope=name, limit=number) for number, name in enumerate(names, 1)]
    for name, number in zip(names, (1, 2, 3, 4, 5), strict=True):
        standing = locker.standing(name)
        assert (standing.limit, len(standing.holders)) == (number, 1)
    for lease in leases:
        lease.release()


@pytest.mark.endurance
def test_lease_outlives_many_times_its_ttl_while_it_is_checked(hosts: Hosts) -> None:
    """And nobody gets the turn meanwhile."""
    lease, until = take(hosts.locker()), time.monotonic() + 5
    while time.monotonic() < until:
        lease.check()
        time.sleep(0.05)
    with pytest.raises(LockError, match="no turn of all"):
        take(hosts.locker())
    lease.confirm()
    lease.release()


def test_waiting_looks_around_and_asks_seldom(hosts: Hosts, between: Relay) -> None:
    """Consul itself says when there is something new."""
    lease, watch = take(hosts.locker(ttl=Duration.of(30))), Watcher()
    waiting = hosts.locker(address=f"127.0.0.1:{between.port}", ttl=Duration.of(30))
    with pytest.raises(LockError, match=r"no turn of all within 2.5 s, held by web-01 \(api\)"):
        take(waiting, timeout=2.5, watch=watch, host="web-02")
    assert len(watch.looks) > len(between.requests)
    assert len([what for how, what in between.requests if "recurse" in what]) <= 4
    lease.release()


@pytest.mark.endurance
def test_host_that_waits_for_longer_than_its_ttl_gets_its_turn(hosts: Hosts) -> None:
    """Its session is renewed while it waits, and whoever looks sees it wait."""
    lease, began = take(hosts.locker(ttl=Duration.of(60))), time.monotonic()
    seen: set[int | None] = set()

    def look() -> bool:
        seen.add(hosts.locker().standing("all").waiting)
        if time.monotonic() - began > 6:
            lease.release()
        return False

    other = take(hosts.locker(), timeout=60, watch=Watcher(stop=look), host="web-02")
    other.confirm()
    other.release()
    assert seen >= {1}


def test_host_that_is_stopped_while_it_waits_waits_no_more(hosts: Hosts) -> None:
    """In the midst of Consul's silence; nothing of it is left there."""
    lease, looks = take(hosts.locker(ttl=Duration.of(60))), iter([False, False, False, True])
    before = len(hosts.left())
    with pytest.raises(InterruptedByStop):
        take(hosts.locker(), timeout=60, watch=Watcher(stop=lambda: next(looks)))
    assert len(hosts.left()) == before
    lease.release()


def test_broken_turn_is_lost_by_a_holder_whose_session_may_not_be_ended(hosts: Hosts) -> None:
    """The record alone says so; another limit may be taken then."""
    lease = take(hosts.locker(ttl=Duration.of(60)))
    token = hosts.consul.token_for(
        'key_prefix "dropship/" { policy = "write" } session_prefix "" { policy = "read" }'
    )
    hosts.locker(token=Secret(token)).break_turns("all", BROKEN)
    with pytest.raises(LeaseLostError, match="was broken"):
        lease.confirm()
    assert hosts.locker().standing("all").broken == BROKEN
    take(hosts.locker(), limit=2).release()


def test_holder_that_says_nothing_of_itself_is_known_by_its_session(hosts: Hosts) -> None:
    """As a Go agent's, whose session is called as its host."""
    session = hosts.consul.ask("PUT", "session/create", {"Name": "old-web", "Behavior": "delete"})
    key = f"kv/{hosts.base}/{session['ID']}?acquire={session['ID']}&flags={FLAGS}"
    hosts.consul.ask("PUT", key)
    record = {"Limit": 1, "Holders": {session["ID"]: True}}
    hosts.consul.ask("PUT", f"kv/{hosts.base}/.lock?flags={FLAGS}", record)
    with pytest.raises(LockError, match=r"held by old-web \(\?\)"):
        take(hosts.locker())
    (holder,) = hosts.locker().standing("all").holders
    assert (holder.host, holder.service, holder.hash) == ("old-web", "?", None)
    hosts.consul.ask("PUT", f"session/destroy/{session['ID']}")
    take(hosts.locker()).release()


def test_neighbour_whose_name_begins_alike_is_somebody_else(hosts: Hosts) -> None:
    """A listing has its keys too."""
    neighbour = Hosts(hosts.consul, f"{hosts.prefix}-2")
    theirs = take(neighbour.locker(), limit=3)
    below = take(Hosts(hosts.consul, f"{hosts.prefix}/below").locker(), limit=3)
    mine = take(hosts.locker())
    assert hosts.locker().standing("all").waiting == 0
    assert len(hosts.locker().standing("all").holders) == 1
    for lease in (theirs, below, mine):
        lease.release()


def test_turn_that_somebody_takes_in_between_is_not_taken_a_second_time(hosts: Hosts) -> None:
    """After the record was read, and before it is written."""
    others: list[TimedLease] = []
    looks = iter(range(100))

    def look() -> bool:
        # The fourth request is the one that writes: session, contender, and listing come before it.
        if next(looks) == 3:
            others.append(take(hosts.locker(), timeout=20, host="web-02"))
        return False

    with pytest.raises(LockError, match=r"no turn of all within 1 s, held by web-02 \(api\)"):
        take(hosts.locker(), timeout=1, watch=Watcher(stop=look))
    (other,) = others
    other.confirm()
    other.release()


def test_limit_of_others_is_not_ours_to_change(hosts: Hosts) -> None:
    """Breaking the turns lets go of it."""
    take(hosts.locker(), limit=2).release()
    with pytest.raises(LockError, match="is for 2 at a time, and here 1 are configured; configure"):
        take(hosts.locker())
    assert hosts.locker().standing("all").limit == 2
    hosts.locker().break_turns("all", BROKEN)
    take(hosts.locker()).release()


def test_turns_are_taken_over_tls_and_by_a_socket(hosts: Hosts) -> None:
    """With a client's certificate, for who asks for one."""
    consul = hosts.consul
    tls = hosts.locker(
        address=consul.tls_address,
        use_ssl=True,
        ca_file=str(consul.authority),
        cert_file=str(consul.client.cert),
        key_file=str(consul.client.key),
    )
    lease = take(tls)
    with pytest.raises(LockError, match="no turn of all"):
        take(hosts.locker(address=f"unix://{consul.socket}"))
    lease.confirm()
    lease.release()
    with pytest.raises(LockError, match=r"TLS failed.*caFile"):
        take(hosts.locker(address=consul.tls_address, use_ssl=True))
