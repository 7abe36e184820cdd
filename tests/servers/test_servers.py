"""The servers themselves: they start, are who they say, and end."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import redis as redis_library
import requests

from tests.e2e.host import eventually
from tests.servers import process
from tests.servers.consul import Consul
from tests.servers.etcd import Etcd, text
from tests.servers.graphite import Graphite
from tests.servers.moto import Moto
from tests.servers.nginx import Nginx
from tests.servers.redis import Redis
from tests.servers.swift import Swift


def test_swift_answers_s3_and_v1_auth(swift: Swift) -> None:
    """An object that S3 put there is read back, its ETag the md5."""
    client = swift.client()
    client.create_bucket(Bucket="servers")
    client.put_object(Bucket="servers", Key="a", Body=b"abc")
    assert (
        client.head_object(Bucket="servers", Key="a")["ETag"]
        == '"900150983cd24fb0d6963f7d28e17f72"'
    )
    client.close()


def test_moto_encrypts_and_lends_roles(moto: Moto) -> None:
    """What Swift has not."""
    client = moto.client("s3")
    client.create_bucket(Bucket="servers")
    put = client.put_object(Bucket="servers", Key="a", Body=b"abc", ServerSideEncryption="aws:kms")
    assert put["ServerSideEncryption"] == "aws:kms"
    client.close()
    sts = moto.client("sts")
    named = {"RoleArn": "arn:aws:iam::123456789012:role/servers", "RoleSessionName": "servers"}
    assert sts.assume_role(**named)["Credentials"]["SessionToken"]
    sts.close()


def test_graphite_keeps_events(graphite: Graphite) -> None:
    """What is posted is read back."""
    answer = requests.post(
        f"{graphite.host}/events/", json={"what": "servers", "tags": ["a", "b"]}, timeout=10
    )
    assert answer.status_code == 200
    assert "servers" in [event["what"] for event in graphite.events()]


def test_consul_lists_events_and_guards_some(consul: Consul) -> None:
    """What is fired is read back; its TLS port wants a certificate."""
    for name, status in (("servers", 200), ("guarded-servers", 403)):
        url = f"http://{consul.address}/v1/event/fire/{name}"
        assert requests.put(url, data=b"{}", timeout=10).status_code == status
    eventually(lambda: consul.events("servers"), "list the event")
    answer = requests.get(
        f"https://{consul.tls_address}/v1/status/leader",
        cert=(str(consul.client.cert), str(consul.client.key)),
        verify=str(consul.authority),
        timeout=10,
    )
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"https://{consul.tls_address}/", verify=str(consul.authority), timeout=10)


def test_redis_keeps_keys_and_asks_by_tls_for_a_certificate(redis: Redis) -> None:
    """One server behind all its ways."""
    redis.admin.set("servers", "kept")
    files = {"ssl_certfile": str(redis.client.cert), "ssl_keyfile": str(redis.client.key)}
    for ours in (files, {}):
        client = redis_library.Redis(
            port=redis.tls_port, ssl=True, ssl_ca_certs=str(redis.authority), retry=None, **ours
        )
        with client, nullcontext() if ours else pytest.raises(redis_library.ConnectionError):
            assert client.get("servers") == b"kept"


def test_etcd_keeps_keys_and_takes_only_users_where_it_is_guarded(
    etcd: Etcd, guarded_etcd: Etcd
) -> None:
    """What is written is read back; without a certificate nobody gets as far as to be refused."""
    etcd.say("kv/put", {"key": text("/servers/a"), "value": text("b")})
    assert etcd.keys("/servers/")[text("/servers/a")]["value"] == text("b")
    url, client = f"{guarded_etcd.urls[0]}/v3/kv/range", guarded_etcd.client
    assert client is not None
    shown = (str(client.cert), str(client.key))
    answer = requests.post(url, json={}, cert=shown, verify=str(guarded_etcd.authority), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.post(url, json={}, verify=str(guarded_etcd.authority), timeout=10)


def test_nginx_serves_ranges_plain_and_by_tls(nginx: Nginx) -> None:
    """Both ports, one folder."""
    (nginx.www / "servers.txt").write_text("0123456789")
    plain = requests.get(f"{nginx.url}/servers.txt", headers={"Range": "bytes=7-"}, timeout=10)
    tls = requests.get(f"{nginx.tls_url}/servers.txt", verify=str(nginx.authority), timeout=10)
    assert (plain.status_code, plain.text, tls.text) == (206, "789", "0123456789")


def test_missing_server_skips_by_name_and_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CI cannot pass by having no servers."""
    monkeypatch.setenv("DROPSHIP_REQUIRE_SERVERS", "")
    with pytest.raises(pytest.skip.Exception, match="Swift is not installed"):
        process.missing("Swift")
    monkeypatch.setenv("DROPSHIP_REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match="Swift is not installed"):
        process.missing("Swift")
