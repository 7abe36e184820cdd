"""The Consul locker: what a cut, a restart, a break, other agents, rights and odd keys mean."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dropship.core.values import Duration, Md5, Secret
from dropship.errors import ConfigError, InterruptedByStop, LeaseLostError, LockError
from dropship.lockers import Broken, Holder, Mark, Place
from dropship.lockers.consul import ConsulLocker, ConsulLockerOptions
from dropship.lockers.consul_keys import ConsulKeys
from dropship.lockers.consul_turns import FLAGS
from dropship.lockers.timed import TimedLease
from dropship.net.consul import Consul as ConsulServer
from dropship.net.consul import ConsulOptions
from tests.exec.runs import Watcher
from tests.servers import consul as consul_server
from tests.servers.consul import Consul
from tests.servers.process import free_port
from tests.servers.relay import Relay, relay

HOLDER = Holder(host="web-01", pid=42, service="api", hash=Md5("9" * 32), since=1.5)
BROKEN = Broken("ada", "ops", 5.0, ("web-01 (api)",))


class Hosts:
    """Lockers for one prefix of a Consul, short-lived unless something else is said."""

    def __init__(self, consul: Consul, prefix: str = "") -> None:
        self.consul = consul
        self.prefix = prefix or secrets.token_hex(8)

    def locker(self, *, per_service: bool = False, **options: Any) -> ConsulLocker:
        """One host's."""
        given = {"address": self.consul.address, "prefix": self.prefix, "ttl": Duration.of(2)}
        return ConsulLocker(
            ConsulLockerOptions(**{**given, **options}), Place(Path(), "all", per_service)
        )

    @property
    def base(self) -> str:
        """Where the semaphore is."""
        return f"dropship/services/{self.prefix}"

    def left(self) -> list[str]:
        """The names of all its keys, without what they have in common."""
        found = self.consul.ask("GET", "kv/dropship?keys")
        return [one.removeprefix(f"{self.base}/") for one in found if self.prefix in one]


@pytest.fixture
def hosts(consul: Consul) -> Hosts:
    """Those of this test alone."""
    return Hosts(consul)


@pytest.fixture
def between(consul: Consul) -> Iterator[Relay]:
    """A relay before Consul."""
    with relay(consul.port) as made:
        yield made


def take(
    locker: ConsulLocker,
    *,
    limit: int = 1,
    timeout: float = 0.0,
    scope: str = "all",
    host: str = "web-01",
    watch: Watcher | None = None,
) -> TimedLease:
    """A turn, at once or within ``timeout``."""
    holder = HOLDER._replace(host=host)
    return locker.acquire(scope, limit, holder, timeout=timeout, watch=watch or Watcher())


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


def test_limit_of_others_is_not_ours_to_change(hosts: Hosts) -> None:
    """Breaking the turns lets go of it."""
    take(hosts.locker(), limit=2).release()
    with pytest.raises(LockError, match="is for 2 at a time, and here 1 are configured; configure"):
        take(hosts.locker())
    assert hosts.locker().standing("all").limit == 2
    hosts.locker().break_turns("all", BROKEN)
    take(hosts.locker()).release()


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
