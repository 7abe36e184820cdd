"""What every locker promises, asked of each; hosts are simulated by lockers with their own folder."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dropship.core.values import Duration, Md5
from dropship.errors import InterruptedByStop, LeaseLostError, LockError
from dropship.lockers import Broken, Holder, Lease, Locker, Mark, Place
from dropship.lockers.consul import ConsulLocker, ConsulLockerOptions
from dropship.lockers.file import FileLocker, FileLockerOptions
from dropship.lockers.host import HostFirst
from tests.exec.runs import Watcher, eventually
from tests.lockers import etcds
from tests.lockers.redises import redis_fleet

HOLDER = Holder(host="web-01", pid=1, service="api", hash=Md5("9" * 32))
BROKEN = Broken(by="ada", host="ops", since=5.0, holders=("web-01 (api)",))
MARK = Mark(md5=Md5("a" * 32), host="web-07", error="health http 502", since=1234.5)

Fleet = Callable[[str], Locker]


def consul(request: pytest.FixtureRequest, _: Path) -> Callable[[Place], Locker]:
    """Turns of this test only, of a Consul for all."""
    options = ConsulLockerOptions(
        address=request.getfixturevalue("consul").address,
        prefix=secrets.token_hex(8),
        ttl=Duration.of(10),
    )
    return lambda own: ConsulLocker(options, own)


FLEETS: dict[str, Callable[[pytest.FixtureRequest, Path], Callable[[Place], Locker]]] = {
    "file": lambda _, folder: (
        lambda own: FileLocker(FileLockerOptions(path=folder / "shared"), own)
    ),
    "redis": lambda request, folder: redis_fleet(request.getfixturevalue("redis"), folder),
    "etcd": lambda request, folder: etcds.hosts(request.getfixturevalue("etcd"), folder),
    "etcd, TLS and users": lambda request, folder: etcds.hosts(
        request.getfixturevalue("guarded_etcd"), folder
    ),
    "consul": consul,
}


@pytest.fixture(params=FLEETS)
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Fleet:
    """Every engine in turn; called with a host's name it gives that host's locker."""
    make = FLEETS[request.param](request, tmp_path)
    return lambda host: HostFirst(make(Place(tmp_path / host, "all")), tmp_path / host, "all")


def take(
    locker: Locker, host: str = "web-01", scope: str = "all", limit: int = 1, timeout: float = 0.0
) -> Lease:
    """A turn, at once or within ``timeout``."""
    return locker.acquire(
        scope, limit, HOLDER._replace(host=host), timeout=timeout, watch=Watcher()
    )


def test_turn_is_had_held_and_given_back(fleet: Fleet) -> None:
    """Again and again; giving back twice does no harm."""
    for _ in range(3):
        lease = take(fleet("web-01"))
        lease.check()
        lease.release()
        lease.release()
        with pytest.raises(LeaseLostError):
            lease.check()


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_never_more_hosts_than_the_limit_hold_a_turn(fleet: Fleet, limit: int) -> None:
    """The next one is told who has them; it gets one as soon as it is given back."""
    leases = [
        take(fleet(f"web-0{number}"), f"web-0{number}", limit=limit) for number in range(limit)
    ]
    with pytest.raises(LockError, match=r"no turn of all within 0 s.*web-00"):
        take(fleet("late"), "late", limit=limit)
    leases.pop().release()
    leases.append(take(fleet("late"), "late", limit=limit))
    for lease in leases:
        lease.check()
        lease.release()


def test_two_services_of_a_host_never_hold_a_turn_each(fleet: Fleet) -> None:
    """However many turns there are."""
    lease = take(fleet("web-01"), limit=3)
    with pytest.raises(LockError):
        take(fleet("web-01"), limit=3)
    lease.release()
    take(fleet("web-01"), limit=3).release()


def test_scopes_are_apart(fleet: Fleet) -> None:
    """Whatever their names look like."""
    leases = [take(fleet("web-01"), scope=scope) for scope in ("api", "api.1", "a/../b", ".", "é")]
    for lease in leases:
        lease.release()


def test_waiting_host_gets_the_turn_and_says_whom_it_waits_for(fleet: Fleet) -> None:
    """As ``status`` shows it."""
    lease = take(fleet("web-01"))
    watch = Watcher()
    got: list[object] = []

    def wait() -> None:
        mine = fleet("web-02").acquire(
            "all", 1, HOLDER._replace(host="web-02"), timeout=30, watch=watch
        )
        got.append(mine)
        mine.release()

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: bool(watch.reports))
    lease.release()
    thread.join(20)
    assert len(got) == 1
    assert watch.reports[0].waiting_for == ("web-01 (api)",)


def test_turn_that_was_waited_for_is_held_since_it_was_had(fleet: Fleet) -> None:
    """Who looks for somebody that keeps all others waiting is not led astray."""
    first, watch = take(fleet("web-01")), Watcher()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(fleet("web-02").acquire, "all", 1, HOLDER, timeout=30, watch=watch)
        eventually(lambda: bool(watch.reports))
        freed = time.time()
        first.release()
        second = waiting.result()
    (holder,) = fleet("web-03").standing("all").holders
    assert freed <= holder.since
    second.release()


def test_stop_interrupts_the_wait_and_leaves_nothing_held(fleet: Fleet) -> None:
    """The interrupted host holds no lock of its own either."""
    lease = take(fleet("web-01"))
    with pytest.raises(InterruptedByStop):
        fleet("web-02").acquire("all", 1, HOLDER, timeout=30, watch=Watcher(stop=lambda: True))
    lease.release()
    take(fleet("web-02")).release()


def test_fifty_hosts_all_get_their_turn_one_at_a_time(fleet: Fleet) -> None:
    """Nobody starves, and nobody overlaps."""
    inside, most, done = [0], [0], []
    guard = threading.Lock()

    def host(name: str) -> None:
        lease = take(fleet(name), name, timeout=120)
        with guard:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        lease.check()
        with guard:
            inside[0] -= 1
            done.append(name)
        lease.release()

    threads = [threading.Thread(target=host, args=(f"web-{number}",)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 50
    assert most[0] == 1


def test_mark_of_a_failed_digest_is_seen_by_all_until_it_is_lifted(fleet: Fleet) -> None:
    """One bad release costs one host."""
    one, other = fleet("web-07"), fleet("web-08")
    assert other.marks.get("all", MARK.md5) is None
    one.marks.put("all", MARK)
    one.marks.put("all", MARK)
    assert other.marks.get("all", MARK.md5) == MARK
    assert other.marks.get("another", MARK.md5) is None
    assert other.marks.get("all", Md5("b" * 32)) is None
    other.marks.clear("all", MARK.md5)
    other.marks.clear("all", MARK.md5)
    assert one.marks.get("all", MARK.md5) is None


def test_everybody_sees_who_holds_a_turn(fleet: Fleet) -> None:
    """Host, process, service, digest, since when; nobody once it is given back."""
    assert fleet("web-02").standing("all").holders == ()
    before = time.time()
    lease = take(fleet("web-01"))
    (holder,) = fleet("web-02").standing("all").holders
    assert holder._replace(since=0.0) == HOLDER
    assert before <= holder.since <= time.time()
    lease.release()
    standing = fleet("web-02").standing("all")
    assert (standing.holders, standing.waiting or 0, standing.broken) == ((), 0, None)


def test_broken_turn_is_lost_and_free_and_on_record(fleet: Fleet) -> None:
    """Its holder is told at the next look, and giving it back harms nobody."""
    lease = take(fleet("web-01"))
    fleet("ops").break_turns("all", BROKEN)
    assert fleet("web-02").standing("all").broken == BROKEN
    other = take(fleet("web-02"), "web-02", timeout=20)
    with pytest.raises(LeaseLostError):
        lease.confirm()
    with pytest.raises(LeaseLostError):
        lease.check()
    lease.release()
    other.confirm()
    assert [one.host for one in fleet("ops").standing("all").holders] == ["web-02"]
    other.release()
