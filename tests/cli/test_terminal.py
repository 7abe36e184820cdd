"""A desk at the terminal: which signal means what."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from dropship.cli.terminal import TerminalDesk, terminal
from dropship.core import events as on


@pytest.fixture(autouse=True)
def _same_hang_up() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def stops(desk: TerminalDesk, *numbers: signal.Signals) -> list[bool]:
    """The stops that signals ask for: hard or not."""
    for number in numbers:
        os.kill(os.getpid(), number)
    return [one.event.hard for one in desk.orders() if isinstance(one.event, on.Stop)]


def test_second_interrupt_is_a_hard_stop() -> None:
    """The first is soft, whichever of the two it is."""
    for first, second in (
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGTERM, signal.SIGINT),
    ):
        with terminal() as desk:
            assert stops(desk, first) == [False]
            assert stops(desk, second) == [True]
            assert desk.stopped_by == second


def test_hang_up_is_a_soft_stop_however_often_it_comes() -> None:
    """Kernel, shell and session manager send one each; nobody of them is in a hurry."""
    with terminal() as desk:
        assert stops(desk, signal.SIGHUP) == [False]
        assert stops(desk, signal.SIGHUP) == [False]
        assert desk.stopped_by == signal.SIGHUP
        assert stops(desk, signal.SIGTERM) == [False]
        assert stops(desk, signal.SIGHUP) == [False]
        assert stops(desk, signal.SIGTERM) == [True]


def test_hang_up_that_is_ignored_stays_ignored() -> None:
    """As under nohup, which is there for that."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with terminal() as desk:
        assert stops(desk, signal.SIGHUP) == []
        assert desk.stopped_by is None


def test_signals_are_given_back() -> None:
    """Once nothing is under way they mean what they meant."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(one) for one in numbers]
    with terminal():
        pass
    assert [signal.getsignal(one) for one in numbers] == before
