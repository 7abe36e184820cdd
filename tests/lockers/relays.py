"""A relay that swallows one answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.listener import Listener, listening


class Muffler(Listener):
    """Passes bytes both ways, but ends the connection once instead of the answer to ``request``.

    Attributes:
        muffled: That this has happened.
    """

    def __init__(self, port: int, request: bytes) -> None:
        super().__init__()
        self.muffled = threading.Event()
        self._target = ("127.0.0.1", port)
        self._request = request

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            client.settimeout(0.1)
            while not self._over.is_set():
                with suppress(TimeoutError):
                    if not (piece := client.recv(1 << 16)):
                        return
                    server.sendall(piece)
                    answer = server.recv(1 << 16)
                    if self._request in piece and not self.muffled.is_set():
                        self.muffled.set()
                        return
                    client.sendall(answer)


@contextmanager
def muffler(port: int, request: bytes) -> Iterator[Muffler]:
    """Before a server on loopback that answers each request in one piece."""
    with listening(Muffler(port, request)) as made:
        yield made
