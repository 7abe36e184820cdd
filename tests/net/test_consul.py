"""How Consul is reached, as options and an environment say; and a real one that is reached so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dropship.core.values import Secret
from dropship.errors import ConfigError
from dropship.net.consul import Consul, ConsulOptions
from dropship.net.http import Http, NetError
from tests.servers import consul as consul_server
from tests.servers.relay import relay


def made(environ: dict[str, str] | None = None, **options: Any) -> Consul:
    """A Consul from what is written and what the environment has."""
    return Consul(ConsulOptions(**options), environ or {})


def leader(of: Consul) -> tuple[int, str]:
    """Status and text of a request to it."""
    http = Http(of.identity())
    try:
        with http.request("GET", of.url("status", "leader")) as response:
            return response.status_code, response.text
    finally:
        http.close()


@pytest.mark.parametrize(
    ("options", "environ", "url"),
    [
        ({}, {}, "http://127.0.0.1:8500"),
        ({}, {"CONSUL_HTTP_ADDR": "consul:80"}, "http://consul:80"),
        ({"address": "there:1"}, {"CONSUL_HTTP_ADDR": "consul:80"}, "http://there:1"),
        ({"address": "https://there/below/"}, {}, "https://there/below"),
        ({"address": "[::1]:8500"}, {"CONSUL_HTTP_SSL": "1"}, "https://[::1]:8500"),
        ({"address": "http://there"}, {"CONSUL_HTTP_SSL": "true"}, "https://there"),
        ({"address": "there"}, {"CONSUL_HTTP_SSL": "false"}, "http://there"),
        ({"use_ssl": True}, {}, "https://127.0.0.1:8500"),
        ({"use_ssl": False}, {"CONSUL_HTTP_SSL": "true"}, "http://127.0.0.1:8500"),
        ({"use_ssl": False, "address": "https://there"}, {}, "https://there"),
        ({"address": "unix:///run/consul.sock"}, {}, "http://localhost"),
    ],
)
def test_address_comes_from_the_options_then_the_environment_then_by_default(
    options: dict[str, Any], environ: dict[str, str], url: str
) -> None:
    """As Consul's own clients have it; TLS that was asked for is never left out."""
    assert made(environ, **options).url("status", "leader") == f"{url}/v1/status/leader"


def test_steps_and_queries_of_a_url_are_escaped_and_empty_ones_left_out() -> None:
    """A name is one step, whatever characters it has."""
    url = made(datacenter="dc 2").url("event", "fire", "a/b ?", node="^web-0[1-3]$", tag="")
    assert url == (
        "http://127.0.0.1:8500/v1/event/fire/a%2Fb%20%3F?dc=dc+2&node=%5Eweb-0%5B1-3%5D%24"
    )


def test_identity_comes_from_the_options_before_the_environment(tmp_path: Path) -> None:
    """Each key for itself, but user and password together."""
    (tmp_path / "token").write_text("from-file\n")
    environ = {
        "CONSUL_HTTP_TOKEN": "from-environment",
        "CONSUL_HTTP_AUTH": "me:pass:word",
        "CONSUL_CACERT": "/ca.pem",
        "CONSUL_CLIENT_CERT": "/cert.pem",
        "CONSUL_CLIENT_KEY": "/key.pem",
        "CONSUL_HTTP_SSL_VERIFY": "false",
    }
    found = made(environ).identity()
    assert dict(found.headers) == {"X-Consul-Token": "from-environment"}
    assert (found.user, found.password.reveal()) == ("me", "pass:word")
    assert (found.ca_bundle, found.client_cert, found.client_key) == (
        "/ca.pem", "/cert.pem", "/key.pem",
    )  # fmt: skip
    assert not found.verified

    environ["CONSUL_HTTP_TOKEN_FILE"] = str(tmp_path / "token")
    found = made(environ).identity()
    assert dict(found.headers) == {"X-Consul-Token": "from-file"}

    written = {
        "token": Secret("written"),
        "user": "you",
        "ca_file": "/a",
        "cert_file": "/c",
        "key_file": "/k",
    }
    found = made(environ, **written).identity()
    assert dict(found.headers) == {"X-Consul-Token": "written"}
    assert (found.user, found.password.reveal()) == ("you", "")
    assert (found.ca_bundle, found.client_cert, found.client_key) == ("/a", "/c", "/k")

    nobody = made().identity()
    assert (dict(nobody.headers), nobody.user, nobody.verified) == ({}, "", True)


@pytest.mark.parametrize(
    ("options", "environ", "said"),
    [
        ({"address": "ftp://there"}, {}, "ftp:// is no way to reach Consul"),
        ({"address": "unix://"}, {}, "unix:// names no socket; write unix:///path"),
        ({}, {"CONSUL_HTTP_SSL": "yes"}, 'CONSUL_HTTP_SSL is "yes"; set it to true or false'),
        ({}, {"CONSUL_HTTP_SSL_VERIFY": "no"}, 'CONSUL_HTTP_SSL_VERIFY is "no"'),
        ({"address": "unix:///s", "use_ssl": True}, {}, "no TLS is spoken over unix:///s"),
        ({"key_file": "/key.pem"}, {}, "/key.pem is the key of no certificate"),
        ({}, {"CONSUL_HTTP_TOKEN_FILE": "/no/such"}, "/no/such cannot be read: No such file"),
    ],
)
def test_what_makes_no_sense_is_said_with_its_name(
    options: dict[str, Any], environ: dict[str, str], said: str
) -> None:
    """And is never guessed."""
    with pytest.raises(ConfigError, match=re.escape(said)):
        made(environ, **options).identity()


def test_consul_is_reached_by_port_socket_and_tls(consul: consul_server.Consul) -> None:
    """By socket also where its path is longer than the kernel takes."""
    found = [
        leader(made({"CONSUL_HTTP_ADDR": consul.address})),
        leader(made(address=f"unix://{consul.socket}")),
        leader(
            made(
                address=consul.tls_address,
                use_ssl=True,
                ca_file=str(consul.authority),
                cert_file=str(consul.client.cert),
                key_file=str(consul.client.key),
            )
        ),
    ]
    assert [status for status, _ in found] == [200, 200, 200]
    assert len({text for _, text in found}) == 1


def test_socket_whose_path_is_long_is_reached(consul: consul_server.Consul, tmp_path: Path) -> None:
    """The kernel takes 107 bytes."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    (folder / "consul.sock").symlink_to(consul.socket)
    assert leader(made(address=f"unix://{folder}/consul.sock"))[0] == 200


def test_tls_is_refused_without_the_right_authority_or_certificate(
    consul: consul_server.Consul,
) -> None:
    """Unless verification is turned off, which does not do without our own certificate."""
    tls = {"address": f"https://{consul.tls_address}"}
    ours = {"cert_file": str(consul.client.cert), "key_file": str(consul.client.key)}
    with pytest.raises(NetError, match="TLS failed"):
        leader(made(**tls, **ours))
    with pytest.raises(NetError, match=str(consul.tls_port)):
        leader(made(**tls, ca_file=str(consul.authority)))
    assert leader(made({"CONSUL_HTTP_SSL_VERIFY": "false"}, **tls, **ours))[0] == 200


def test_certificate_may_have_another_name_than_the_address(
    consul: consul_server.Consul,
) -> None:
    """Consul's own have one such as server.dc1.consul."""
    tls = {
        "address": f"https://{consul.tls_address}",
        "ca_file": str(consul.authority),
        "cert_file": str(consul.client.cert),
        "key_file": str(consul.client.key),
    }
    assert leader(made({"CONSUL_TLS_SERVER_NAME": "localhost"}, **tls))[0] == 200
    with pytest.raises(NetError, match=r"TLS failed.*server\.dc1\.consul"):
        leader(made({"CONSUL_TLS_SERVER_NAME": "server.dc1.consul"}, **tls))


def test_token_and_login_arrive(consul: consul_server.Consul) -> None:
    """As the headers that Consul, and a proxy before it, look at."""
    with relay(consul.port) as between:
        address = f"127.0.0.1:{between.port}"
        leader(made(address=address, token=Secret(consul.token)))
        leader(made(address=address, user="me", password=Secret("pass")))
    assert between.headers("X-Consul-Token") == [consul.token]
    assert between.headers("Authorization") == ["Basic bWU6cGFzcw=="]


def test_missing_socket_is_told_by_its_path() -> None:
    """Not by the host of the URL, which is nobody's."""
    with pytest.raises(NetError, match=r"/no/such/consul\.sock: No such file or directory"):
        leader(made(address="unix:///no/such/consul.sock"))
