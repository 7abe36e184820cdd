"""The etcd locker: what a cut, a stopped member, a lost answer and a lost leader mean."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from dropship.core.values import Duration, Secret
from dropship.errors import InterruptedByStop, LeaseLostError, LockError
from dropship.lockers import Broken, Lease
from dropship.lockers.etcd import EtcdKeys, EtcdLocker
from dropship.lockers.etcd_gateway import Gateway
from dropship.net.http import Identity
from tests.exec.runs import Watcher, eventually
from tests.lockers.etcds import HOLDER, TTL, locker, take
from tests.servers import etcd as servers
from tests.servers.etcd import PREFIX, Etcd, Member
from tests.servers.listener import listening
from tests.servers.relay import Relay, relay

SHORT = Duration.of(2)


def lost(lease: Lease) -> bool:
    """Whether a turn is not certain any more."""
    try:
        lease.check()
    except LeaseLostError:
        return True
    return False


@pytest.fixture
def mine(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What gives a test keys of its own."""
    return {"prefix": f"{PREFIX}{request.node.name}"}


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """Three members."""
    with servers.running(tmp_path_factory.mktemp("trio"), members=3) as running:
        yield running


class Forgetful(Relay):
    """Loses answers to transactions: they are done, and whoever asked never hears of it.

    Attributes:
        losses: How many are still to be lost.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.losses = 0
        self._losing = False

    def _note(self, piece: bytes) -> None:
        super()._note(piece)
        if self.losses and b"/v3/kv/txn" in piece:
            self.losses -= 1
            self._losing = True

    def _returns(self) -> bool:
        losing, self._losing = self._losing, False
        return not losing


@contextmanager
def frozen(member: Member) -> Iterator[None]:
    """A member that keeps its connections and says nothing."""
    member.freeze()
    try:
        yield
    finally:
        member.thaw()


def test_turn_of_a_host_that_died_is_free_after_its_time_and_not_before(
    etcd: Etcd, mine: dict[str, Any]
) -> None:
    """Whoever waits gets it then."""
    began = time.monotonic()
    take(locker(etcd, ttl=SHORT, **mine))
    granted = etcd.say("lease/timetolive", {"ID": held_by(etcd, mine)})["grantedTTL"]
    assert granted == "2"
    take(locker(etcd, ttl=SHORT, **mine), "web-02", timeout=60).release()
    assert time.monotonic() - began >= SHORT.seconds


def test_turn_that_is_looked_after_is_renewed_before_it_is_time_to_worry(
    etcd: Etcd, mine: dict[str, Any]
) -> None:
    """By a new lease for the same key."""
    lease = take(locker(etcd, ttl=Duration.of(4), **mine))
    (first,) = etcd.keys(mine["prefix"] + "/").values()

    def renewed() -> bool:
        lease.check()
        return held_by(etcd, mine) != first["lease"]

    eventually(renewed)
    before = held_by(etcd, mine)
    lease.confirm()
    assert held_by(etcd, mine) != before
    (last,) = etcd.keys(mine["prefix"] + "/").values()
    assert first["create_revision"] == last["create_revision"]
    lease.release()
    assert not etcd.keys(mine["prefix"] + "/")


def test_holder_that_is_cut_off_is_certain_until_its_margin_and_harms_nobody_later(
    etcd: Etcd, mine: dict[str, Any]
) -> None:
    """The next one has the turn only when the first has long let go of it."""
    other = locker(etcd, ttl=SHORT, **mine)
    with relay(etcd.members[0].port) as link:
        here = locker(etcd, endpoints=(f"http://127.0.0.1:{link.port}",), ttl=SHORT, **mine)
        began = time.monotonic()
        lease = take(here)
        link.cut.set()
        eventually(lambda: lost(lease))
        gone = time.monotonic() - began
        assert gone >= SHORT.seconds / 2
        with pytest.raises(LeaseLostError, match="could not be renewed in time: etcd cannot be"):
            lease.confirm()
        with pytest.raises(LockError, match="etcd cannot be asked") as caught:
            take(here, "web-03")
        assert "most members" in caught.value.cure
        next_one = take(other, "web-02", timeout=60)
        assert time.monotonic() - began >= SHORT.seconds
        link.cut.clear()
        lease.release()
        next_one.confirm()
        next_one.release()


def test_short_cut_costs_nobody_a_turn(etcd: Etcd, mine: dict[str, Any]) -> None:
    """What etcd granted is believed, and renewed as soon as it can be asked again."""
    with relay(etcd.members[0].port) as link:
        lease = take(locker(etcd, endpoints=(f"http://127.0.0.1:{link.port}",), **mine))
        link.cut.set()
        lease.confirm()
        before = held_by(etcd, mine)
        link.cut.clear()
        lease.confirm()
        assert held_by(etcd, mine) != before
        lease.release()


def test_lost_answer_costs_nobody_a_turn(etcd: Etcd, mine: dict[str, Any]) -> None:
    """The call is repeated, and finds what it has done itself."""
    with listening(Forgetful(etcd.members[0].port)) as link:
        here = locker(etcd, endpoints=(f"http://127.0.0.1:{link.port}",), **mine)
        link.losses = 1
        lease = take(here)
        leases = [held_by(etcd, mine)]
        for losses in (1, 2, 0):  # that of two the next renewal learns
            link.losses = losses
            lease.confirm()
            assert link.losses == 0
            leases.append(held_by(etcd, mine))
        assert len(set(leases)) == 4
        link.losses = 1
        lease.release()
        assert not etcd.keys(mine["prefix"] + "/")


def test_turn_that_nobody_knows_to_have_is_given_back(etcd: Etcd, mine: dict[str, Any]) -> None:
    """Not even its time has to be waited for; nor is a lease left that nobody uses."""
    before = etcd.say("lease/leases", {}).get("leases", [])
    with listening(Forgetful(etcd.members[0].port)) as link:
        here = locker(etcd, endpoints=(f"http://127.0.0.1:{link.port}",), **mine)
        link.losses = 2
        with pytest.raises(LockError, match="etcd cannot be asked"):
            take(here)
        assert any("/v3/kv/txn" in path for _, path in link.requests)
    assert not etcd.keys(mine["prefix"] + "/")
    after = etcd.say("lease/leases", {}).get("leases", [])
    assert {one["ID"] for one in after} <= {one["ID"] for one in before}


def test_host_that_comes_a_moment_too_late_leaves_no_lease(
    etcd: Etcd, mine: dict[str, Any]
) -> None:
    """Somebody else took the turn after it was seen to be free."""
    lease = take(locker(etcd, **mine))
    before = etcd.say("lease/leases", {})["leases"]
    keys = EtcdKeys(Gateway(etcd.urls, Identity(), "", Secret("")))
    assert keys.take(f"{mine['prefix']}/all/slots/0", "late", TTL) is None
    after = etcd.say("lease/leases", {})["leases"]
    assert {one["ID"] for one in after} <= {one["ID"] for one in before}
    lease.confirm()
    lease.release()


def held_by(etcd: Etcd, mine: dict[str, Any]) -> str:
    """The lease of the only turn."""
    (key,) = etcd.keys(mine["prefix"] + "/").values()
    return str(key["lease"])


def test_stop_is_heard_while_etcd_keeps_silent(etcd: Etcd, mine: dict[str, Any]) -> None:
    """A worker does not wait for an answer that may never come."""
    here, began = locker(etcd, **mine), time.monotonic()
    watch = Watcher(stop=lambda: len(watch.looks) > 1)
    with frozen(etcd.members[0]), pytest.raises(InterruptedByStop):
        here.acquire("all", 1, HOLDER, timeout=60, watch=watch)
    assert time.monotonic() - began < 8  # after which it gives up by itself
    take(here).release()


def test_turn_is_lost_to_a_member_that_stopped_for_long_and_kept_if_not(
    etcd: Etcd, mine: dict[str, Any]
) -> None:
    """Whatever it says when it goes on."""
    (member,) = etcd.members
    kept = take(locker(etcd, **mine))
    gone = take(locker(etcd, ttl=SHORT, **mine), scope="short")
    with frozen(member):
        eventually(lambda: lost(gone))
    kept.confirm()
    take(locker(etcd, **mine), "web-02", scope="short", timeout=60).release()
    gone.release()
    kept.release()


def test_broken_turn_is_no_longer_certain_though_another_has_its_key(
    etcd: Etcd, mine: dict[str, Any]
) -> None:
    """A key of the same name is not the same key."""
    old, unaware = take(locker(etcd, **mine)), take(locker(etcd, **mine), scope="other")
    for scope in ("all", "other"):
        locker(etcd, **mine).break_turns(scope, Broken("ada", "ops", 5.0, ()))
    new = take(locker(etcd, **mine), "web-02")
    another = take(locker(etcd, **mine), "web-02", scope="other")
    unaware.release()
    another.confirm()
    another.release()
    with pytest.raises(LeaseLostError, match="was broken, or ran out"):
        old.confirm()
    old.release()
    new.confirm()
    new.release()


def test_member_that_answers_is_asked_first_from_then_on(etcd: Etcd, mine: dict[str, Any]) -> None:
    """The others are not asked each time."""
    with relay(etcd.members[0].port) as first, relay(etcd.members[0].port) as second:
        urls = tuple(f"http://127.0.0.1:{one.port}" for one in (first, second))
        here = locker(etcd, endpoints=urls, **mine)
        first.cut.set()
        lease = take(here)
        first.cut.clear()
        lease.confirm()
        lease.release()
        assert first.requests == []
        assert len(second.requests) > 3


@pytest.mark.endurance
def test_turns_go_on_without_the_leader_and_never_two_at_a_time(
    trio: Etcd, mine: dict[str, Any]
) -> None:
    """It dies while one host holds a turn and others wait."""
    inside: list[str] = []
    most, done = [0], []
    guard, begun = threading.Lock(), threading.Event()

    def host(name: str) -> None:
        here = locker(trio, ttl=Duration.of(30), **mine)
        for _ in range(2):
            lease = patiently(here, name)
            with guard:
                inside.append(name)
                most[0] = max(most[0], len(inside))
            begun.set()
            time.sleep(0.1)  # an update
            lease.confirm()
            with guard:
                inside.remove(name)
                done.append(name)
            lease.release()

    threads = [threading.Thread(target=host, args=(f"web-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    leader = trio.leader()
    leader.kill()
    for thread in threads:
        thread.join()
    leader.again()
    assert (len(done), most) == (12, [1])


@pytest.mark.endurance
def test_nobody_new_starts_without_most_members_and_the_holder_is_certain_for_a_time(
    trio: Etcd, mine: dict[str, Any]
) -> None:
    """Once they are back, turns go on."""
    lease = take(locker(trio, **mine))
    alone, *others = trio.members
    for member in others:
        member.kill()
    try:
        lease.check()
        here = locker(trio, **mine)
        began = time.monotonic()
        with pytest.raises(LockError, match="etcd cannot be asked"):
            take(here, "web-02", timeout=600)
        assert time.monotonic() - began < 60
        assert alone.process.pid
        eventually(lambda: lost(lease))
    finally:
        for member in others:
            member.start()
    trio.leader()
    patiently(locker(trio, **mine), "web-02").release()


@pytest.mark.endurance
def test_turn_is_kept_while_the_leader_stops_for_longer_than_it_lasts(
    trio: Etcd, mine: dict[str, Any]
) -> None:
    """What it does when it goes on, taking itself for the leader still, harms no turn."""
    lease = take(locker(trio, **mine))
    watched = threading.Event()
    taken: list[Lease] = []

    def wait() -> None:
        here = locker(trio, endpoints=tuple(reversed(trio.urls)), **mine)
        while not watched.is_set():
            with suppress(LockError):
                taken.append(take(here, "web-02", timeout=0.5))

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        with frozen(trio.leader()):
            look_after(lease, TTL * 1.5)
        look_after(lease, TTL * 1.5)
    finally:
        watched.set()
        thread.join()
    assert taken == []
    lease.confirm()
    lease.release()


def look_after(lease: Lease, seconds: float) -> None:
    """As a worker does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        lease.check()
        time.sleep(0.1)


def patiently(here: EtcdLocker, name: str) -> Lease:
    """A turn, asked for again after an error, as the driver does."""
    until = time.monotonic() + 120
    while True:
        try:
            return take(here, name, timeout=120)
        except LockError:
            assert time.monotonic() < until
            time.sleep(0.2)
