"""The etcd locker: what it says to who may not, and to odd addresses and answers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from dropship.core.values import Duration, Secret
from dropship.errors import ConfigError, LockError
from tests.lockers.etcds import locker, take
from tests.servers import etcd as servers
from tests.servers.etcd import READER, USER, Etcd
from tests.servers.process import free_port


def test_etcd_that_is_not_there_says_so_at_once() -> None:
    """However long one would wait for a turn; each member once."""
    urls = tuple(f"http://127.0.0.1:{free_port()}" for _ in range(2))
    here = locker(Etcd(()), endpoints=urls)
    began = time.monotonic()
    with pytest.raises(LockError) as caught:
        take(here, timeout=600)
    assert time.monotonic() - began < 60
    assert str(caught.value) == (
        f"etcd cannot be asked: {urls[0]}/v3/kv/range: Connection refused, "
        f"{urls[1]}/v3/kv/range: Connection refused; "
        "see that most members of etcd run and are reached from here"
    )


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (404, "Not Found\n", "404 Not Found; write the URL of the port for clients of etcd 3.4"),
        (200, "<html>", "that is no answer of etcd; write the URL"),
        (200, "[]", "that is no answer of etcd; write the URL"),
        (200, '{"kvs": 5}', "makes no sense for etcd; check the endpoints"),
        (200, '{"kvs": [{"key": "$"}]}', "makes no sense for etcd; check the endpoints"),
        (200, "{}", "makes no sense for etcd; check the endpoints"),
        (200, "x" * (2 << 20), "the answer is longer than"),
        (429, '{"error": "etcdserver: mvcc: database space exceeded"}', "compact and defragment"),
        (403, '{"message": "etcdserver: permission denied"}', "let a role of the user"),
        (503, '{"error": "etcdserver: no leader"}', "503 etcdserver: no leader; see that most"),
    ],
)
def test_odd_answer_is_an_error_that_says_what_to_do(
    httpserver: HTTPServer, status: int, said: str, words: str
) -> None:
    """Whatever it is that answers there."""
    httpserver.expect_request("/v3/kv/range").respond_with_data(said, status)
    httpserver.expect_request("/v3/lease/grant").respond_with_data(said, status)
    here = locker(Etcd(()), endpoints=(httpserver.url_for(""),))
    with pytest.raises(LockError) as caught:
        take(here)
    assert words in str(caught.value)


def test_turn_that_ran_out_before_it_was_had_is_an_error(httpserver: HTTPServer) -> None:
    """Asking again may be faster."""
    gone = {"error": "etcdserver: requested lease not found", "code": 5}
    httpserver.expect_request("/v3/kv/range").respond_with_json({})
    httpserver.expect_request("/v3/lease/grant").respond_with_json({"ID": "7", "TTL": "6"})
    httpserver.expect_request("/v3/kv/txn").respond_with_json(gone, 404)
    httpserver.expect_request("/v3/lease/revoke").respond_with_json(gone, 404)
    with pytest.raises(LockError, match="etcd took longer to answer than it grants a turn for"):
        take(locker(Etcd(()), endpoints=(httpserver.url_for(""),)))


def test_lease_that_is_shorter_than_asked_for_is_not_relied_on(httpserver: HTTPServer) -> None:
    """Nobody trusts a turn for longer than it lasts."""
    httpserver.expect_request("/v3/kv/range").respond_with_json({})
    httpserver.expect_request("/v3/lease/grant").respond_with_json({"ID": "7", "TTL": "5"})
    with pytest.raises(LockError, match="a lease of 5 s only; write ttl = 5s"):
        take(locker(Etcd(()), endpoints=(httpserver.url_for(""),)))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:2379", 'the endpoint "127.0.0.1:2379" is no URL of etcd'),
        ("ftp://127.0.0.1", "is no URL of etcd"),
        ("http://127.0.0.1:port", "is no URL of etcd"),
        ("http://joe:secret@127.0.0.1:2379", "etcd takes no login in its URL http://127"),
    ],
)
def test_endpoint_that_cannot_be_one_is_an_error(url: str, words: str) -> None:
    """At start, not at the first update; a password is not shown."""
    with pytest.raises(ConfigError, match="the lock all") as caught:
        locker(Etcd(()), endpoints=(url,))
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_lock_without_endpoints_is_an_error() -> None:
    """An empty list is not the default."""
    with pytest.raises(ConfigError, match="has no endpoints"):
        locker(Etcd(()), endpoints=())


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"user": ""}, "user name is empty; write user and password"),
        ({"password": Secret("wrong")}, "check user and password"),
        ({"prefix": "/other"}, "permission denied; let a role of the user read and write"),
        ({"user": READER}, "permission denied; let a role of the user read and write"),
        ({"cert_file": "", "key_file": ""}, "certFile"),
        ({"ca_file": ""}, "name its authority in caFile"),
    ],
)
def test_who_may_not_is_told_what_to_change(
    guarded_etcd: Etcd, keys: dict[str, Any], words: str
) -> None:
    """Without the password."""
    with pytest.raises(LockError) as caught:
        take(locker(guarded_etcd, **keys))
    assert words in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_plain_address_of_a_tls_port_is_told(guarded_etcd: Etcd) -> None:
    """Its answer says it, and no cure could be simpler."""
    plain = guarded_etcd.urls[0].replace("https", "http")
    with pytest.raises(LockError, match="write https:// if"):
        take(locker(guarded_etcd, endpoints=(plain,)))


def test_tls_address_of_a_plain_port_is_told(etcd: Etcd) -> None:
    """Likewise."""
    with pytest.raises(LockError, match="write http:// if it speaks no TLS"):
        take(locker(etcd, endpoints=(etcd.urls[0].replace("http", "https"),)))


def test_certificate_with_a_common_name_is_told(tmp_path: Path) -> None:
    """With users, the gateway of etcd takes none."""
    with (
        servers.running(tmp_path, guarded=True, named=True) as running,
        pytest.raises(LockError, match="show a certificate without a common name"),
    ):
        take(locker(running))


def test_users_without_auth_are_told(etcd: Etcd) -> None:
    """It refuses them, rather than to take anybody."""
    with pytest.raises(LockError, match="leave out user and password, or enable auth"):
        take(locker(etcd, user="joe", password=Secret("x")))


def test_turn_outlives_the_token_of_its_user(guarded_etcd: Etcd) -> None:
    """Whoever held one says anew who he is."""
    lease = take(locker(guarded_etcd, ttl=Duration.of(60)))
    guarded_etcd.end_tokens(USER)
    lease.release()
    take(locker(guarded_etcd), "web-02").release()
