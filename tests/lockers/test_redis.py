"""Turns over a real Redis: ways to connect, what it may say, and what happens when it is gone."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.core.values import Duration, Md5, Secret
from dropship.errors import ConfigError, InterruptedByStop, LeaseLostError, LockError
from dropship.lockers import Broken, Holder, Mark, Place
from dropship.lockers.redis import RedisKeys, RedisLocker, RedisLockerOptions
from dropship.lockers.redis_server import Login, RedisServer, Tls
from dropship.lockers.slots import SlotLocker
from dropship.lockers.timed import TimedLease, now
from tests.e2e.host import Host
from tests.exec.runs import Watcher, eventually
from tests.lockers.relays import muffler
from tests.servers.nginx import Nginx
from tests.servers.redis import Redis, running
from tests.servers.relay import relay

HOLDER = Holder(host="web-01", pid=1, service="api", hash=None, since=1.0)
MD5 = Md5("a" * 32)
TTL = 2.0
_TURNS = Path(__file__).parents[2] / "docs" / "usage" / "turns.md"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis that asks for passwords; the user ``dropship`` has what the documentation gives."""
    said = _TURNS.read_text()
    rule = re.search(r"^ACL SETUSER (dropship on) >PASSWORD (.*)$", said, re.MULTILINE)
    assert rule is not None
    users = (
        "user default on >hunter2 ~* &* +@all",
        f"user {rule[1]} >hunter4 {rule[2]}",
        "user poor on >hunter2 ~dropship/* +get +info",
    )
    with running(tmp_path_factory.mktemp("guarded"), *users, tls=True) as server:
        server.settle(TTL)
        yield server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own, to be ill-treated."""
    with running(tmp_path) as server:
        yield server


def locker(url: str, *, ttl: float = TTL, **keys: object) -> RedisLocker:
    """One host's."""
    options = RedisLockerOptions(url=url, ttl=Duration.of(ttl), **keys)
    return RedisLocker(options, Place(Path("/nowhere"), "all"))


def settled(url: str, *, ttl: float = 60.0) -> SlotLocker:
    """The same, over a server that is known to have been there for long."""
    server = RedisServer(url, Login("", Secret("")), Tls("", "", ""), patience=min(5.0, ttl / 3))
    return SlotLocker(RedisKeys(server, settling=0.0), prefix="dropship", ttl=ttl)


def take(
    one: SlotLocker, scope: str, *, timeout: float = 0.0, watch: Watcher | None = None
) -> TimedLease:
    """The only turn of a scope."""
    return one.acquire(scope, 1, HOLDER, timeout=timeout, watch=watch or Watcher())


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
    assert socket.standing("ways").holders == (HOLDER,)
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
def test_login_opens_the_server(guarded: Redis, login: str, keys: dict[str, object]) -> None:
    """The rights that the documentation lists are enough for all that a lock does."""
    guarded.admin.acl_log_reset()
    one = locker(f"redis://{login}127.0.0.1:{guarded.port}", **keys)
    lease = take(one, "logins")
    lease.confirm()
    assert one.standing("logins").holders == (HOLDER,)
    one.marks.put("logins", Mark(md5=MD5, host="web-07", error="health", since=1.0))
    assert one.marks.get("logins", MD5) is not None
    one.marks.clear("logins", MD5)
    one.break_turns("logins", Broken(by="ada", host="ops", since=1.0, holders=()))
    lease.release()
    assert not guarded.admin.acl_log()


@pytest.mark.parametrize(
    ("url", "keys", "said", "cure"),
    [
        ("redis://127.0.0.1:{0.port}", {}, "Authentication required", "write the password"),
        ("redis://:hunter3@127.0.0.1:{0.port}", {}, "invalid", "check user and password"),
        ("redis://poor:hunter2@127.0.0.1:{0.port}", {}, "permissions", "give the user the rights"),
        ("redis://:hunter2@127.0.0.1:{0.port}/99", {}, "DB index", "write another number"),
        ("redis://127.0.0.1:{0.tls_port}", {}, "", "write rediss://"),
        ("rediss://127.0.0.1:{0.port}", {}, "", "write redis://"),
        ("rediss://127.0.0.1:{0.tls_port}", {}, "CERTIFICATE_VERIFY_FAILED", "caFile"),
        ("rediss://127.0.0.1:{0.tls_port}", {"ca_file": "{0.authority}"}, "", "certFile"),
        ("rediss://127.0.0.1:{0.tls_port}", {"ca_file": "/none"}, "No such file", "check caFile"),
        (
            "unix:///nowhere/redis.sock",
            {},
            "Redis at unix:///nowhere/redis.sock",
            "start Redis there",
        ),
        ("redis://127.0.0.1:1", {}, "refused", "start Redis there"),
        ("redis://host.invalid", {}, "host.invalid", "start Redis there"),
        (f"redis://{'long' * 16}", {}, "", "check the name of its host"),
    ],
)
def test_server_that_cannot_be_asked_is_told_with_the_cure(
    guarded: Redis, url: str, keys: dict[str, str], said: str, cure: str
) -> None:
    """And nobody learns a password by it."""
    known = {name: text.format(guarded) for name, text in keys.items()}
    with pytest.raises(LockError) as told:
        take(locker(url.format(guarded), **known), "cures")
    text = str(told.value)
    assert said in text
    assert cure in text
    assert "hunter" not in text
    assert not isinstance(told.value, LeaseLostError)


def test_port_of_something_else_is_told(nginx: Nginx) -> None:
    """As what it is."""
    with pytest.raises(LockError, match="check the port: it does not speak as Redis does"):
        take(locker(nginx.url.replace("http", "redis")), "cures")


def test_password_for_a_server_without_one_is_told(redis: Redis) -> None:
    """Redis takes it for a mistake."""
    with pytest.raises(LockError, match="leave the password out"):
        take(locker(f"redis://:hunter2@127.0.0.1:{redis.port}"), "cures")


def test_server_that_refuses_to_write_is_told_with_the_cure(own: Redis) -> None:
    """Its memory or its connections are used up, it is a replica, or the keys are somebody else's."""
    one = settled(own.url)
    own.admin.config_set("maxmemory", 1)
    with pytest.raises(LockError, match="raise its maxmemory"):
        take(one, "cures")
    own.admin.config_set("maxmemory", 0)
    own.admin.set("dropship/cures/slots/", "mine")
    with pytest.raises(LockError, match="write another prefix"):
        take(one, "cures")
    own.admin.flushall()
    take(one, "cures").release()
    own.admin.replicaof("127.0.0.1", 1)
    with pytest.raises(LockError, match="name the primary"):
        take(one, "cures")
    own.admin.config_set("maxclients", 1)
    with pytest.raises(LockError, match="raise its maxclients"):
        take(settled(own.url), "cures")


def test_server_that_cannot_save_is_told_with_the_cure(own: Redis, tmp_path: Path) -> None:
    """By default Redis takes no writes then."""
    gone = tmp_path / "gone"
    gone.mkdir()
    own.admin.config_set("save", "3600 1")
    own.admin.config_set("dir", str(gone))
    gone.rmdir()
    own.admin.bgsave()
    eventually(lambda: own.admin.info("persistence")["rdb_last_bgsave_status"] == "err")
    with pytest.raises(LockError, match="let it write its snapshots again"):
        take(settled(own.url), "cures")
    own.admin.config_set("save", "")  # or it would not end


def test_server_that_still_loads_its_data_is_told_with_the_cure(own: Redis) -> None:
    """A large one takes minutes."""
    own.admin.mset({f"key{number}": secrets.token_hex(2000) for number in range(200)})
    own.admin.save()
    own.stop()
    slowly = ["--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"]
    own.start(*slowly, loading=True)
    with pytest.raises(LockError, match="once it has read its data"):
        take(settled(own.url), "cures")


def test_node_of_a_cluster_is_refused(tmp_path: Path) -> None:
    """Its keys may move away, or be on another node."""
    with (
        running(tmp_path, "cluster-enabled yes") as node,
        pytest.raises(LockError, match=r"is a cluster, not one server; name a server that"),
    ):
        take(locker(node.url), "cluster")


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
    own: Redis,
) -> None:
    """It came back with nothing; the holder of before notices by itself."""
    own.settle(TTL)
    one, other = locker(own.url), locker(own.url)
    lease = take(one, "restarts")
    own.stop()
    with pytest.raises(LockError, match="start Redis there"):
        take(other, "restarts")
    own.start()
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


def test_server_that_says_nothing_costs_the_turn_in_time(own: Redis) -> None:
    """The holder gives up before the turn is free for others; who waits looks around."""
    lease, late, watch = (
        take(settled(own.url, ttl=3), "silence"),
        settled(own.url, ttl=7),
        Watcher(),
    )
    late.standing("silence")
    os.kill(own.pid, signal.SIGSTOP)
    try:
        with pytest.raises(LockError, match="see whether its host is overloaded"):
            take(late, "silence", watch=watch)
        assert len(watch.looks) > 2
        with pytest.raises(LeaseLostError, match="could not be renewed in time: Redis at"):
            lease.confirm()
    finally:
        os.kill(own.pid, signal.SIGCONT)
    lease.release()
    take(late, "silence", timeout=60).release()


def test_stop_is_heard_while_the_server_says_nothing(own: Redis) -> None:
    """In the middle of a request."""
    one = settled(own.url)
    one.standing("stops")
    watch = Watcher()
    watch.stop = lambda: len(watch.looks) > 1
    os.kill(own.pid, signal.SIGSTOP)
    try:
        with pytest.raises(InterruptedByStop):
            take(one, "stops", watch=watch)
    finally:
        os.kill(own.pid, signal.SIGCONT)
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


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("http://127.0.0.1", {}),
        ("redis.example.com:6379", {}),
        ("redis://", {}),
        ("redis://host:port", {}),
        ("redis://host/name", {}),
        ("redis://host?db=1", {}),
        ("redis://[::1", {}),
        ("unix://", {}),
        ("unix://host/path", {}),
        ("redis://:hunter2@host", {"ca_file": "/etc/ssl/ca.pem"}),
    ],
)
def test_odd_url_is_told_with_what_to_write(url: str, keys: dict[str, str]) -> None:
    """Before anything starts, and without its password."""
    with pytest.raises(ConfigError, match=r"; write redis(s://,|://host:port)") as told:
        locker(url, **keys)
    assert "hunter2" not in str(told.value)


def test_library_that_is_missing_is_told_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes with an extra."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=r"pip install 'dropship\[redis\]'"):
        locker("redis://127.0.0.1")


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
