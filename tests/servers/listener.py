"""What a server of the tests has that serves each connection in a thread of its own."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar


class Listener(ABC):
    """Takes connections on a port of loopback while a block lasts; see ``listening``."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._over = threading.Event()

    @property
    def port(self) -> int:
        """Where to connect to."""
        return int(self._listener.getsockname()[1])

    @abstractmethod
    def _serve(self, client: socket.socket) -> None:
        """All of one connection; ends soon once ``_over`` is set."""

    def run(self) -> None:
        """Take connections until ``end``."""
        threads: list[threading.Thread] = []
        self._listener.settimeout(0.05)
        while not self._over.is_set():
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                threads = [one for one in threads if one.is_alive()]
                threads.append(threading.Thread(target=self._serve, args=(client,)))
                threads[-1].start()
        for thread in threads:
            thread.join()
        self._listener.close()

    def end(self) -> None:
        """Take no more connections, and end those that there are."""
        self._over.set()


ListenerT = TypeVar("ListenerT", bound=Listener)


@contextmanager
def listening(made: ListenerT) -> Iterator[ListenerT]:
    """Have it run in a thread until the block ends."""
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.end()
        thread.join()
