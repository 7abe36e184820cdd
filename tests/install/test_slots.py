"""A few stagings at a time on a host."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from dropship.errors import InterruptedByStop, StageError
from dropship.install.slots import Slots
from tests.folders import names
from tests.install.stagings import CountingWatch


class Stop(CountingWatch):
    """A watch that is told to stop while it waits."""

    def wait(self, seconds: float) -> None:
        """As ``Watch``."""
        super().wait(seconds)
        raise InterruptedByStop


def test_no_more_than_so_many_at_a_time(tmp_path: Path) -> None:
    """Whoever comes too late waits, says so, and can be interrupted."""
    slots = Slots(tmp_path / "locks", 2)
    watch = Stop()
    with ExitStack() as stack:
        stack.enter_context(slots.one(CountingWatch()))
        with slots.one(CountingWatch()):
            with pytest.raises(InterruptedByStop), slots.one(watch):
                raise AssertionError("that is the third")
            assert [one.note for one in watch.reports] == ["waits for one of 2 stagings"]
        with slots.one(watch):
            assert len(watch.waits) == 1, "one was free again"
    assert names(tmp_path / "locks") == ["1.lock", "2.lock"]


def test_slot_of_one_who_dies_is_free(tmp_path: Path) -> None:
    """Another process counts, and the kernel gives back what it had."""
    slots = Slots(tmp_path, 1)
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        with slots.one(CountingWatch()):
            os.write(done, b"1")
            signal.pause()
    os.read(ready, 1)
    with pytest.raises(InterruptedByStop), slots.one(Stop()):
        raise AssertionError
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with slots.one(Stop()):
        pass
    os.close(ready)
    os.close(done)


def test_copy_of_a_child_does_not_hold_a_slot(tmp_path: Path) -> None:
    """An unpacker that was forked and not yet closed what it inherited."""
    slots = Slots(tmp_path, 1)
    with slots.one(CountingWatch()):
        pid = os.fork()
        if pid == 0:
            signal.pause()
    with slots.one(Stop()):
        pass
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_locks_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    """Staging without counting would eat the machine."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(StageError, match=r"the locks in .*file"),
        Slots(tmp_path / "file", 1).one(CountingWatch()),
    ):
        raise AssertionError
