"""A relay before a server on loopback that takes down which requests pass."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_REQUEST: Final = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.[01]\r$", re.MULTILINE)


class Relay:
    """Passes bytes both ways.

    Attributes:
        requests: ``("HEAD", "/bucket/key")`` in the order they came.
        cut: While set, nobody gets through: connections are closed as they come.
    """

    def __init__(self, port: int) -> None:
        self.requests: list[tuple[str, str]] = []
        self.cut = threading.Event()
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()

    @property
    def port(self) -> int:
        """Where to connect to."""
        return int(self._listener.getsockname()[1])

    def methods(self, path: str) -> list[str]:
        """The methods of the requests whose path, without a query, ends in ``path``."""
        return [how for how, what in self.requests if what.partition("?")[0].endswith(path)]

    def serve(self) -> None:
        """Take connections until ``end``."""
        threads: list[threading.Thread] = []
        self._listener.settimeout(0.1)
        while not self._over.is_set():
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                threads.append(threading.Thread(target=self._pass, args=(client,)))
                threads[-1].start()
        for thread in threads:
            thread.join()
        self._listener.close()

    def end(self) -> None:
        """Take no more connections, and end those that there are."""
        self._over.set()

    def _pass(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.cut.is_set():
                return
            with socket.create_connection(self._target) as server:
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
                    key.data.sendall(piece)

    def _note(self, piece: bytes) -> None:
        for how, what in _REQUEST.findall(piece):
            self.requests.append((how.decode(), what.decode()))


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """A relay to a port of loopback."""
    made = Relay(port)
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        yield made
    finally:
        made.end()
        thread.join()
