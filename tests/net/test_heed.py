"""Looking around while a store says nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from dropship.errors import InterruptedByStop
from dropship.install.stage import stage
from dropship.net import heed
from dropship.net.heed import Heed
from tests.install.stagings import NOW, CountingWatch, MemoryRepo, request


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look around ten times a second."""
    monkeypatch.setattr(heed, "_EVERY_SECONDS", 0.1)


def silence(seconds: float) -> None:
    """Wait for bytes that do not come."""
    one, two = socket.socketpair()
    with one, two:
        one.settimeout(seconds)
        with pytest.raises(TimeoutError):
            one.recv(1)


def test_call_that_blocks_goes_on_and_is_looked_around_in() -> None:
    """The call itself notices nothing."""
    looks: list[float] = []
    began = time.monotonic()
    with Heed(lambda: looks.append(time.monotonic())) as one, one.blocking():
        silence(1)
    assert time.monotonic() - began >= 1
    assert len(looks) >= 4


def test_nobody_is_disturbed_outside_of_it() -> None:
    """Nor by a timer that stays."""
    looks: list[int] = []
    with Heed(lambda: looks.append(1)):
        time.sleep(0.3)
    time.sleep(0.3)
    assert looks == []


def test_timer_of_somebody_else_goes_on() -> None:
    """With what was left of it, and its handler."""
    rung: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    before = signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with Heed(lambda: None):
            pass
        signal.pause()
        assert rung == [1]
    finally:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *before)


def test_other_threads_do_without() -> None:
    """There are no signals for them."""
    done: list[int] = []

    def work() -> None:
        with Heed(lambda: None) as one, one.blocking():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


def test_stop_breaks_out_of_a_store_that_says_nothing(tmp_path: Path) -> None:
    """Long before its ``stallTimeout``."""
    read, write = os.pipe()
    content = bytes(1 << 20)

    def blocks(offset: int) -> None:
        if offset:
            os.read(read, 1)

    def stop() -> None:
        if blocked():
            raise InterruptedByStop

    def blocked() -> bool:
        return time.monotonic() - began > 0.3

    began = time.monotonic()
    watch = CountingWatch(on_look=stop)
    repo = MemoryRepo(content, at=blocks)
    with pytest.raises(InterruptedByStop):
        stage(request(tmp_path, content, name="plain"), repo, watch, lambda: NOW)
    assert time.monotonic() - began < 10
    os.close(read)
    os.close(write)
