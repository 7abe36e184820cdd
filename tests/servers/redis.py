"""A Redis server: plain, TLS, by socket; users and whatever else by ``settings``.

The TLS port takes only clients that show the certificate ``client``. Nothing is written to disk, so
that it begins anew with nothing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from tests.servers.certificate import Certificate, certificate
from tests.servers.process import Process, free_port, missing


@dataclass
class Redis:
    """A running Redis.

    Attributes:
        admin: A client that may do everything.
        authority: Whose certificates prove the TLS port.
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

    def start(self) -> None:
        """Start it again, with nothing in it."""
        self.process = Process(self.argv, self.socket.with_suffix(".log"))
        self.process.wait_until(self._is)

    def settle(self, seconds: float) -> None:
        """Wait until it began so long ago: a lock gives no turn before that."""
        while self.admin.info("server")["uptime_in_seconds"] < seconds:
            time.sleep(0.1)

    def close(self) -> None:
        """End it for good."""
        self.admin.close()
        self.process.stop()

    def _is(self) -> bool:
        """It is the one that was started."""
        try:
            return bool(self.admin.info("server")["process_id"] == self.process.pid)
        except redis.RedisError:
            return False


@contextmanager
def running(folder: Path, *settings: str) -> Iterator[Redis]:
    """A Redis that writes nothing outside of ``folder``; ``settings``: lines of its configuration."""
    if shutil.which("redis-server") is None:
        missing("Redis")
    server, client = certificate(folder, "server-"), certificate(folder, "client-")
    port, tls_port, socket = free_port(), free_port(), folder / "redis.sock"
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"tls-port {tls_port}",
        f"tls-cert-file {server.cert}",
        f"tls-key-file {server.key}",
        f"tls-ca-cert-file {client.cert}",
        f"unixsocket {socket}",
        f"dir {folder}",
        'save ""',
        "appendonly no",
        "user admin on >admin ~* &* +@all",
        *settings,
    ]
    (folder / "redis.conf").write_text("\n".join(lines) + "\n")
    argv = ("redis-server", folder / "redis.conf")
    made = Redis(
        port=port,
        tls_port=tls_port,
        socket=socket,
        authority=server.cert,
        client=client,
        argv=argv,
        admin=redis.Redis(port=port, username="admin", password="admin", decode_responses=True),
        process=Process(argv, folder / "redis.log"),
    )
    try:
        made.process.wait_until(made._is)
        yield made
    finally:
        made.close()
