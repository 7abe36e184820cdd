"""What a real Redis may say, told with what to do about it."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest

from dropship.errors import ConfigError, LeaseLostError, LockError
from tests.exec.runs import eventually
from tests.lockers.redises import locker, settled, take
from tests.servers.nginx import Nginx
from tests.servers.redis import Redis, running


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
    guarded_redis: Redis, url: str, keys: dict[str, str], said: str, cure: str
) -> None:
    """And nobody learns a password by it."""
    known = {name: text.format(guarded_redis) for name, text in keys.items()}
    with pytest.raises(LockError) as told:
        take(locker(url.format(guarded_redis), **known), "cures")
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


def test_server_that_refuses_to_write_is_told_with_the_cure(own_redis: Redis) -> None:
    """Its memory or its connections are used up, it is a replica, or the keys are somebody else's."""
    one = settled(own_redis.url)
    own_redis.admin.config_set("maxmemory", 1)
    with pytest.raises(LockError, match="raise its maxmemory"):
        take(one, "cures")
    own_redis.admin.config_set("maxmemory", 0)
    own_redis.admin.set("dropship/cures/slots/", "mine")
    with pytest.raises(LockError, match="write another prefix"):
        take(one, "cures")
    own_redis.admin.flushall()
    take(one, "cures").release()
    own_redis.admin.replicaof("127.0.0.1", 1)
    with pytest.raises(LockError, match="name the primary"):
        take(one, "cures")
    own_redis.admin.config_set("maxclients", 1)
    with pytest.raises(LockError, match="raise its maxclients"):
        take(settled(own_redis.url), "cures")


def test_server_that_cannot_save_is_told_with_the_cure(own_redis: Redis, tmp_path: Path) -> None:
    """By default Redis takes no writes then."""
    gone = tmp_path / "gone"
    gone.mkdir()
    own_redis.admin.config_set("save", "3600 1")
    own_redis.admin.config_set("dir", str(gone))
    gone.rmdir()
    own_redis.admin.bgsave()
    eventually(lambda: own_redis.admin.info("persistence")["rdb_last_bgsave_status"] == "err")
    with pytest.raises(LockError, match="let it write its snapshots again"):
        take(settled(own_redis.url), "cures")
    own_redis.admin.config_set("save", "")  # or it would not end


def test_server_that_still_loads_its_data_is_told_with_the_cure(own_redis: Redis) -> None:
    """A large one takes minutes."""
    own_redis.admin.mset({f"key{number}": secrets.token_hex(2000) for number in range(200)})
    own_redis.admin.save()
    own_redis.stop()
    slowly = ["--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"]
    own_redis.start(*slowly, loading=True)
    with pytest.raises(LockError, match="once it has read its data"):
        take(settled(own_redis.url), "cures")


def test_node_of_a_cluster_is_refused(tmp_path: Path) -> None:
    """Its keys may move away, or be on another node."""
    with (
        running(tmp_path, "cluster-enabled yes") as node,
        pytest.raises(LockError, match=r"is a cluster, not one server; name a server that"),
    ):
        take(locker(node.url), "cluster")


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
