"""A Consul agent that is its own cluster: plain, TLS, by socket, and with ACLs for who wants them.

Whoever shows no token may do everything but what has to do with events called ``guarded…``. The
TLS port takes only clients that show the certificate ``client``.
"""

from __future__ import annotations

import json
import secrets
import uuid
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from tests.servers.certificate import Certificate, certificate
from tests.servers.process import Process, free_port, home, missing

_ANONYMOUS: Final = "00000000-0000-0000-0000-000000000002"  # the token of who shows none
_KINDS: Final = ("agent", "event", "node", "query", "service", "session")
_RULES: Final = 'event_prefix "guarded" { policy = "deny" }'


@dataclass(frozen=True)
class Consul:
    """A running Consul.

    Attributes:
        token: May do everything.
        authority: Whose certificates prove the TLS port.
    """

    port: int
    tls_port: int
    node: str
    token: str
    socket: Path
    authority: Path
    client: Certificate

    @property
    def address(self) -> str:
        """As ``CONSUL_HTTP_ADDR`` has it."""
        return f"127.0.0.1:{self.port}"

    @property
    def tls_address(self) -> str:
        """The same of the TLS port."""
        return f"127.0.0.1:{self.tls_port}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What it says below ``/v1/``, if anything, allowed everything."""
        answer = requests.request(
            method,
            f"http://{self.address}/v1/{path}",
            headers={"X-Consul-Token": self.token},
            json=body,
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its events of a name, oldest first, each payload as text."""
        found = self.ask("GET", f"event/list?name={name}")
        return [{**one, "Payload": b64decode(one["Payload"]).decode()} for one in found]

    def token_for(self, rules: str) -> str:
        """A token that may do what these rules say, and nothing else."""
        name = secrets.token_hex(8)
        denied = [f'{what}_prefix "" {{ policy = "deny" }}' for what in _KINDS if what not in rules]
        denied.append('key_prefix "" { policy = "deny" }')
        self.ask("PUT", "acl/policy", {"Name": name, "Rules": " ".join([*denied, rules])})
        made = self.ask("PUT", "acl/token", {"Policies": [{"Name": name}]})
        return str(made["SecretID"])


def value(key: dict[str, Any]) -> str:
    """What stands in a key."""
    return b64decode(key["Value"] or "").decode()


@contextmanager
def running(folder: Path) -> Iterator[Consul]:
    """A Consul that writes nothing outside of ``folder``."""
    program = home() / "consul" / "consul"
    if not program.exists():
        missing("Consul")
    server = certificate(folder, "server-")
    consul = Consul(
        port=free_port(),
        tls_port=free_port(),
        node=f"dropship-tests-{secrets.token_hex(8)}",
        token=str(uuid.uuid4()),
        socket=folder / "consul.sock",
        authority=server.cert,
        client=certificate(folder, "client-"),
    )
    (folder / "consul.json").write_text(json.dumps(_configuration(consul, server)))
    process = Process(
        [program, "agent", "-dev", "-config-file", folder / "consul.json"],
        folder / "consul.log",
        cwd=folder,
    )
    try:
        process.wait_until(lambda: _is(consul))
        _guard(consul)
        yield consul
    finally:
        process.stop()


@contextmanager
def leaderless(folder: Path) -> Iterator[str]:
    """The address of a server that waits for another one to elect a leader with."""
    program = home() / "consul" / "consul"
    if not program.exists():
        missing("Consul")
    port = free_port()
    ports = {"http": port, "server": free_port(), "serf_lan": free_port()}
    configuration = {
        "node_name": f"dropship-tests-{secrets.token_hex(8)}",
        "bind_addr": "127.0.0.1",
        "data_dir": str(folder / "data"),
        "server": True,
        "bootstrap_expect": 2,
        "ports": {**ports, "dns": -1, "grpc": -1, "serf_wan": -1},
        "disable_update_check": True,
    }
    (folder / "leaderless.json").write_text(json.dumps(configuration))
    process = Process(
        [program, "agent", "-config-file", folder / "leaderless.json"],
        folder / "leaderless.log",
        cwd=folder,
    )
    address = f"127.0.0.1:{port}"
    try:
        process.wait_until(lambda: _answers(address))
        yield address
    finally:
        process.stop()


def _answers(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/v1/agent/self", timeout=10).ok
    except requests.RequestException:
        return False


def _configuration(consul: Consul, server: Certificate) -> dict[str, Any]:
    return {
        "node_name": consul.node,
        "bind_addr": "127.0.0.1",
        "client_addr": "127.0.0.1",
        "addresses": {"http": f"127.0.0.1 unix://{consul.socket}"},
        "ports": {
            "http": consul.port,
            "https": consul.tls_port,
            "dns": -1,
            "grpc": -1,
            "serf_lan": free_port(),
            "serf_wan": -1,
            "server": free_port(),
        },
        "acl": {"enabled": True, "default_policy": "allow", "tokens": {"master": consul.token}},
        "ca_file": str(consul.client.cert),
        "cert_file": str(server.cert),
        "key_file": str(server.key),
        "verify_incoming_https": True,
        "disable_update_check": True,
        "session_ttl_min": "1s",  # or tests of a holder's end would take half a minute
    }


def _is(consul: Consul) -> bool:
    """It is the one that was started, and its cluster has come to be, ACLs and all."""
    try:
        return (
            consul.ask("GET", "agent/self")["Config"]["NodeName"] == consul.node
            and bool(consul.ask("GET", "status/leader"))
            and bool(consul.ask("GET", f"acl/token/{_ANONYMOUS}"))
        )
    except (requests.RequestException, ValueError):
        return False


def _guard(consul: Consul) -> None:
    """Take events called ``guarded…`` from those who show no token."""
    consul.ask("PUT", "acl/policy", {"Name": "unguarded", "Rules": _RULES})
    consul.ask("PUT", f"acl/token/{_ANONYMOUS}", {"Policies": [{"Name": "unguarded"}]})
