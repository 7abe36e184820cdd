"""A relay before a server on loopback that takes down which requests pass."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tests.servers.listener import Listener, listening

_REQUEST: Final = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.[01]\r$", re.MULTILINE)


class Relay(Listener):
    """Passes bytes both ways.

    Attributes:
        requests: ``("HEAD", "/bucket/key")`` in the order they came.
        heads: The lines of requests' heads.
        port_behind: Where connections lead that are yet to come.
        cut: While set, nobody gets through: connections are closed as they come.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self.requests: list[tuple[str, str]] = []
        self.heads: list[str] = []
        self.cut = threading.Event()
        self.port_behind = port

    def methods(self, path: str) -> list[str]:
        """The methods of the requests whose path, without a query, ends in ``path``."""
        return [how for how, what in self.requests if what.partition("?")[0].endswith(path)]

    def headers(self, name: str) -> list[str]:
        """The values of a header, of every request that had it."""
        found = [line.partition(": ") for line in self.heads]
        return [value for key, _, value in found if key.lower() == name.lower()]

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.cut.is_set():
                return
            with socket.create_connection(("127.0.0.1", self.port_behind)) as server:
                self._both_ways(client, server)

    def _both_ways(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while not self._over.is_set() and not self.cut.is_set():
                for key, _ in selector.select(0.1):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    piece = source.recv(1 << 16)
                    if not piece:
                        return
                    if source is client:
                        self._note(piece)
                    elif not self._returns():
                        return
                    key.data.sendall(piece)

    def _returns(self) -> bool:
        """Whether what the server says is passed on; otherwise the connection ends."""
        return True

    def _note(self, piece: bytes) -> None:
        if _REQUEST.match(piece):
            self.heads += piece.partition(b"\r\n\r\n")[0].decode(errors="replace").split("\r\n")
        for how, what in _REQUEST.findall(piece):
            self.requests.append((how.decode(), what.decode()))


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """A relay to a port of loopback."""
    with listening(Relay(port)) as made:
        yield made
