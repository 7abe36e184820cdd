"""Making pieces in a thread of their own, a few ahead of whoever takes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Queue
from typing import Final

_AHEAD: Final = 6


def pumped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, made by a thread; what it raises is raised here.

    For a process that ends by ``_exit``: the thread is not waited for if the taker stops early.
    """
    queue: Queue[bytes | BaseException | None] = Queue(_AHEAD)
    try:
        threading.Thread(target=_fill, args=(pieces, queue), daemon=True).start()
    except RuntimeError:  # there can be no more threads: slower, but the same
        yield from pieces
        return
    while True:
        piece = queue.get()
        if piece is None:
            return
        if isinstance(piece, BaseException):
            raise piece
        yield piece


def _fill(pieces: Iterator[bytes], queue: Queue[bytes | BaseException | None]) -> None:
    try:
        for piece in pieces:
            queue.put(piece)
    except BaseException as error:  # noqa: BLE001 - raised again by the thread that takes
        queue.put(error)
    else:
        queue.put(None)
