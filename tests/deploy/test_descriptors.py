"""A process that has leaked its descriptors is no use any more, and says so."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.deploy.descriptors import see_room
from dropship.errors import StateError
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host


@pytest.fixture
def limit() -> Iterator[int]:
    """How many may be open: some more than there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = max(int(one.name) for one in Path("/proc/self/fd").iterdir()) + 40
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    yield few
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def leaked(limit: int) -> Iterator[list[int]]:
    """All that may be open are."""
    found = [os.open(os.devnull, os.O_RDONLY)]
    while found[-1] < limit - 1:
        found.append(os.open(os.devnull, os.O_RDONLY))
    yield found
    for one in found:
        os.close(one)


def test_process_without_room_for_an_update_is_told_so(leaked: list[int]) -> None:
    """None at all, or one too few; with eight all is well, and none of them is kept."""
    for _ in range(8):
        with pytest.raises(StateError, match="too many files are open"):
            see_room()
        os.close(leaked.pop())
    see_room()
    see_room()


def test_driver_that_can_open_nothing_gives_up(tmp_path: Path, limit: int) -> None:
    """At its next rest, so that a new worker takes over instead of failing for ever."""
    host = Host(tmp_path)
    host.configure(host.service())
    host.publish({"version": "1"})
    drive(rig(host.config), Desk())
    opened: list[int] = []

    def leak(_desk: Desk) -> tuple[()]:
        while not opened or opened[-1] < limit - 2:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        return ()

    try:
        with pytest.raises(StateError, match="too many files are open"):
            drive(rig(host.config), Desk(leak))
    finally:
        for one in opened:
            os.close(one)
