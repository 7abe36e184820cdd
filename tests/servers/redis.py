"""A Redis server: plain, by socket, with TLS for who wants it; users and whatever else by ``settings``.

The TLS port takes only clients that show the certificate ``client``. Nothing is written to disk, so
that it begins anew with nothing.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import redis

from tests.servers.certificate import Certificate, certificate
from tests.servers.process import Process, free_port, missing

_TURNS: Final = Path(__file__).parents[2] / "docs" / "usage" / "turns.md"
_RULE: Final = re.compile(r"^ACL SETUSER dropship on >PASSWORD (.*)$", re.MULTILINE)


@dataclass
class Redis:
    """A running Redis.

    Attributes:
        admin: A client that may do everything.
        authority: Whose certificates prove the TLS port, if there is one.
        argv: How it is started.
    """

    port: int
    tls_port: int
    socket: Path
    authority: Path
    client: Certificate
    argv: tuple[str | Path, ...]
    admin: Any
    process: Process

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def stop(self) -> None:
        """End it."""
        self.process.stop()

    def start(self, *settings: str, loading: bool = False) -> None:
        """Start it again; ``loading``: do not wait until it has read its data."""
        self.process = Process([*self.argv, *settings], self.socket.with_suffix(".log"))
        self.process.wait_until(self._loads if loading else self.answers)

    def settle(self, seconds: float) -> None:
        """Wait until it began so long ago: a lock gives no turn before that."""
        while self.admin.info("server")["uptime_in_seconds"] < seconds:
            time.sleep(0.1)

    def close(self) -> None:
        """End it for good."""
        self.admin.close()
        self.process.stop()

    def answers(self) -> bool:
        """It is the one that was started."""
        try:
            return bool(self.admin.info("server")["process_id"] == self.process.pid)
        except redis.RedisError:
            return False

    def _loads(self) -> bool:
        return self.answers() and bool(self.admin.info("persistence")["loading"])


@contextmanager
def running(folder: Path, *settings: str, tls: bool = False) -> Iterator[Redis]:
    """A Redis that writes nothing outside of ``folder``; ``settings``: lines of its configuration."""
    if shutil.which("redis-server") is None:
        missing("Redis")
    port, tls_port = free_port(), free_port()
    server = Certificate(folder / "server-cert.pem", folder / "server-key.pem")
    client = Certificate(folder / "client-cert.pem", folder / "client-key.pem")
    lines = [*_configuration(folder, port), *settings]
    if tls:
        server, client = certificate(folder, "server-"), certificate(folder, "client-")
        lines += _tls(tls_port, server, client)
    (folder / "redis.conf").write_text("\n".join(lines) + "\n")
    argv = ("redis-server", folder / "redis.conf")
    made = Redis(
        port=port,
        tls_port=tls_port,
        socket=folder / "redis.sock",
        authority=server.cert,
        client=client,
        argv=argv,
        admin=redis.Redis(port=port, username="admin", password="admin", decode_responses=True),
        process=Process(argv, folder / "redis.log"),
    )
    try:
        made.process.wait_until(made.answers)
        yield made
    finally:
        made.close()


def users() -> tuple[str, ...]:
    """Settings: passwords for all; the user ``dropship`` has the rights that the documentation lists."""
    rule = _RULE.search(_TURNS.read_text())
    assert rule is not None
    return (
        "user default on >hunter2 ~* &* +@all",
        f"user dropship on >hunter4 {rule[1]}",
        "user poor on >hunter2 ~dropship/* +get +info",
    )


def _configuration(folder: Path, port: int) -> list[str]:
    return [
        "bind 127.0.0.1",
        f"port {port}",
        f"unixsocket {folder / 'redis.sock'}",
        f"dir {folder}",
        'save ""',
        "appendonly no",
        "enable-protected-configs yes",
        "user admin on >admin ~* &* +@all",
    ]


def _tls(port: int, server: Certificate, client: Certificate) -> list[str]:
    return [
        f"tls-port {port}",
        f"tls-cert-file {server.cert}",
        f"tls-key-file {server.key}",
        f"tls-ca-cert-file {client.cert}",
    ]
