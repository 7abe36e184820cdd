"""Turns over a real Redis: ways to it, and what happens when it is gone or begins anew."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from dropship.core.values import Md5, Secret
from dropship.errors import InterruptedByStop, LeaseLostError, LockError
from dropship.lockers import Broken, Mark
from dropship.lockers.redis_server import Login, RedisServer, Tls
from dropship.lockers.timed import now
from tests.e2e.host import Host
from tests.exec.runs import Watcher
from tests.lockers.redises import HOLDER, TTL, locker, settled, take
from tests.lockers.relays import muffler
from tests.servers.redis import Redis
from tests.servers.relay import relay

MD5 = Md5("a" * 32)


def test_tls_socket_and_database_are_ways_to_the_same_server(redis: Redis) -> None:
    """What one takes the other finds taken; a database is a place apart."""
    redis.settle(TTL)
    tls = locker(
        f"rediss://localhost:{redis.tls_port}",
        ca_file=str(redis.authority),
        cert_file=str(redis.client.cert),
        key_file=str(redis.client.key),
    )
    socket, apart = locker(f"unix://{redis.socket}"), locker(f"{redis.url}/3")
    lease = take(tls, "ways")
    assert socket.standing("ways").holders[0]._replace(since=0.0) == HOLDER
    assert apart.standing("ways").holders == ()
    lease.release()
    take(socket, "ways").release()
    take(apart, "ways").release()


@pytest.mark.parametrize(
    ("login", "keys"),
    [
        ("", {"password": Secret("hunter2")}),
        ("", {"user": "dropship", "password": Secret("hunter4")}),
        (":hunter2@", {}),
        ("dropship:hunter4@", {}),
        ("dropship:old@", {"password": Secret("hunter4")}),
    ],
    ids=["password", "user", "password in the url", "user in the url", "both"],
)
def test_login_opens_the_server(guarded_redis: Redis, login: str, keys: dict[str, object]) -> None:
    """The rights that the documentation lists are enough for all that a lock does."""
    guarded_redis.settle(TTL)
    guarded_redis.admin.acl_log_reset()
    one = locker(f"redis://{login}127.0.0.1:{guarded_redis.port}", **keys)
    lease = take(one, "logins")
    lease.confirm()
    assert one.standing("logins").holders[0]._replace(since=0.0) == HOLDER
    one.marks.put("logins", Mark(md5=MD5, host="web-07", error="health", since=1.0))
    assert one.marks.get("logins", MD5) is not None
    one.marks.clear("logins", MD5)
    one.break_turns("logins", Broken(by="ada", host="ops", since=1.0, holders=()))
    lease.release()
    assert not guarded_redis.admin.acl_log()


def test_turn_of_a_host_that_died_is_free_after_its_time_and_not_before(redis: Redis) -> None:
    """Nobody renews it any more."""
    began = now()
    take(settled(redis.url, ttl=TTL), "deaths")
    other = settled(redis.url, ttl=TTL)
    with pytest.raises(LockError, match=r"no turn of deaths within 0 s, held by web-01"):
        take(other, "deaths")
    take(other, "deaths", timeout=60).release()
    assert now() - began >= TTL


def test_renewed_turn_outlives_its_time(redis: Redis) -> None:
    """It has another whole time from then on."""
    lease = take(settled(redis.url), "renewals")
    redis.admin.pexpire("dropship/renewals/slots/0", 20_000)
    lease.confirm()
    assert redis.admin.pttl("dropship/renewals/slots/0") > 30_000
    lease.release()


def test_server_that_began_anew_gives_no_turn_while_one_of_before_may_be_trusted(
    own_redis: Redis,
) -> None:
    """It came back with nothing; the holder of before notices by itself."""
    own_redis.settle(TTL)
    one, other = locker(own_redis.url), locker(own_redis.url)
    lease = take(one, "restarts")
    own_redis.stop()
    with pytest.raises(LockError, match="start Redis there"):
        take(other, "restarts")
    own_redis.start()
    with pytest.raises(LockError, match=r"began \d s ago, and may have forgotten .*gives turns"):
        take(other, "restarts")
    assert other.standing("restarts").holders == ()
    with pytest.raises(LeaseLostError, match="was broken, or ran out"):
        lease.confirm()
    lease.release()


def test_connection_that_was_closed_is_made_anew_once(redis: Redis) -> None:
    """Redis closes what is idle for long."""
    one = settled(redis.url)
    lease = take(one, "idle")
    redis.admin.client_kill_filter(_type="normal", skipme=True)
    lease.confirm()
    redis.admin.client_kill_filter(_type="normal", skipme=True)
    lease.release()
    assert one.standing("idle").holders == ()


def test_cut_network_starts_nobody_and_ends_nobody_at_once(redis: Redis) -> None:
    """Who holds a turn trusts it while it is certain; the cut over, it goes on."""
    with relay(redis.port) as wire:
        url = f"redis://127.0.0.1:{wire.port}"
        lease = take(settled(url), "cuts")
        wire.cut.set()
        with pytest.raises(LockError, match="Redis at"):
            take(settled(url), "cuts")
        lease.confirm()
        with pytest.raises(LockError, match="Redis at"):
            settled(url).marks.get("cuts", MD5)
        wire.cut.clear()
        lease.confirm()
        lease.release()


def test_server_that_says_nothing_costs_the_turn_in_time(own_redis: Redis) -> None:
    """The holder gives up before the turn is free for others; who waits looks around."""
    lease, late, watch = (
        take(settled(own_redis.url, ttl=3), "silence"),
        settled(own_redis.url, ttl=7),
        Watcher(),
    )
    late.standing("silence")
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        with pytest.raises(LockError, match="see whether its host is overloaded"):
            take(late, "silence", watch=watch)
        assert len(watch.looks) > 2
        with pytest.raises(LeaseLostError, match="could not be renewed in time: Redis at"):
            lease.confirm()
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    lease.release()
    take(late, "silence", timeout=60).release()


def test_stop_is_heard_while_the_server_says_nothing(own_redis: Redis) -> None:
    """In the middle of a request."""
    one = settled(own_redis.url)
    one.standing("stops")
    watch = Watcher()
    watch.stop = lambda: len(watch.looks) > 1
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        with pytest.raises(InterruptedByStop):
            take(one, "stops", watch=watch)
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    take(one, "stops", timeout=60).release()


def test_turn_is_had_where_only_its_confirmation_was_lost(redis: Redis) -> None:
    """The request was heard, the connection broke, and it was asked again."""
    with muffler(redis.port, b"\r\nNX\r\n") as wire:
        lease = take(settled(f"redis://127.0.0.1:{wire.port}"), "twice")
        assert wire.muffled.is_set()
        lease.confirm()
        lease.release()


def test_worker_makes_a_connection_of_its_own(redis: Redis) -> None:
    """What its parent had before the fork stays the parent's."""
    server = RedisServer(redis.url, Login("", Secret("")), Tls("", "", ""), patience=5.0)
    ours = server.ask("CLIENT", "ID")
    child = os.fork()
    if child == 0:
        other = False
        try:
            other = server.ask("CLIENT", "ID") != ours
        finally:
            os._exit(0 if other else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert server.ask("CLIENT", "ID") == ours
    server.close()


def test_turn_of_another_is_neither_kept_nor_given_back(redis: Redis) -> None:
    """Though the other be the same service of the same host."""
    one, other = settled(redis.url), settled(redis.url)
    leases = []
    for _ in range(2):
        leases.append(take(one, "others"))
        redis.admin.delete("dropship/others/slots/0")
    last = take(other, "others")
    leases[0].release()
    with pytest.raises(LeaseLostError):
        leases[1].confirm()
    last.confirm()
    last.release()


def test_slot_that_somebody_else_wrote_counts_and_is_shown_as_it_can_be(redis: Redis) -> None:
    """Also what is no text."""
    redis.admin.sadd("dropship/strange/slots/", "dropship/strange/slots/0")
    redis.admin.set("dropship/strange/slots/0", b"\xff\xfe")
    with pytest.raises(LockError, match=r"held by \? \(\?\)"):
        take(settled(redis.url), "strange")


def test_host_updates_under_a_turn_of_redis_and_gives_it_back(redis: Redis, tmp_path: Path) -> None:
    """The whole program; the hook sees who holds the turn."""
    redis.settle(TTL)
    host = Host(tmp_path)
    script = f"redis-cli -p {redis.port} get dropship/fleet/slots/0 >> {host.marks}"
    turns = f'sequentialUpdates = true\n before "script" {{ command = "{script}" }}'
    lock = f'lock "fleet" {{\n type = "redis"\n url = "{redis.url}"\n ttl = "{TTL:g}s"\n}}'
    host.configure(host.service(turns), main=lock)
    host.publish({"version": "1"})
    done = host.run("update")
    assert done.returncode == 0, done.stderr
    assert host.version() == "1"
    assert json.loads(host.marked()[0])["service"] == "app"
    assert settled(redis.url).standing("fleet").holders == ()
