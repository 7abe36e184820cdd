"""Other ways for requests to connect: over a Unix socket, to a server under another name, to nobody."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from dropship.linux import unix


class SocketAdapter(HTTPAdapter):
    """Connects to a socket, whatever host a URL names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__()

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        """Make the pool, as requests asks; its connections are ours."""
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = {"http": _pool(self._path)}


class NameAdapter(HTTPAdapter):
    """Has TLS servers prove a name that is not their URLs' host."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        """Make the pool, as requests asks."""
        super().init_poolmanager(*args, **keywords, server_hostname=self._name)


class NobodyAdapter(HTTPAdapter):
    """Connects to nobody: in each new connection the same answer is waiting already."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        super().__init__()

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        """Make the pool, as requests asks; its connections are ours."""
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = {"http": _theatre(self._answer)}


def _theatre(answer: bytes) -> type[HTTPConnectionPool]:
    class Connection(HTTPConnection):
        server: socket.socket | None = None

        def connect(self) -> None:
            self.host.encode("idna")  # as urllib3 does, and a codec to be loaded
            self.sock, self.server = socket.socketpair()
            self.server.sendall(answer)

        def close(self) -> None:
            if self.server is not None:
                self.server.close()
            super().close()

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool


def _pool(path: Path) -> type[HTTPConnectionPool]:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.sock = _connected(path, self.timeout)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool


def _connected(path: Path, seconds: Any) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(seconds)
        with unix.address(path) as name:
            made.connect(name)
    except OSError as error:
        made.close()
        # Without its cause, which would be told in its place: it does not know the path.
        raise OSError(error.errno, f"{path}: {error.strerror}") from None
    return made
