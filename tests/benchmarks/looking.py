"""Looking at processes while something else goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psutil

EVERY: Final = 0.02
"""Seconds between two looks."""


@contextmanager
def looking(look: Callable[[], None]) -> Iterator[None]:
    """``look`` again and again, in a thread, until the block ends."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(EVERY):
            look()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it; none if it has gone."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []
