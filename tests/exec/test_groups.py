"""Groups of commands, as a worker finds them after its predecessor died."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dropship.exec import groups
from dropship.exec.run import ProcessGroup
from tests.exec.runs import Watcher, eventually


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    """A shell in a group of its own, with a child."""
    process = subprocess.Popen(
        ["bash", "-c", "sleep 100 & echo ready; wait"],
        start_new_session=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    group = groups.of(process.pid)
    yield process
    process.kill()
    process.wait()
    groups.end(group, 0.0)
    process.stdout.close()


def test_group_is_alive_until_its_last_process_is_gone(sleeper: subprocess.Popen[str]) -> None:
    """The leader's end is not the group's."""
    group = groups.of(sleeper.pid)
    assert groups.alive(group)
    sleeper.kill()
    sleeper.wait()
    assert groups.alive(group)
    groups.end(group, 5.0, Watcher())
    assert not groups.alive(group)


def test_group_of_the_same_number_that_began_later_is_not_ours(
    sleeper: subprocess.Popen[str],
) -> None:
    """A number that the kernel gave to somebody else is left alone."""
    group = groups.of(sleeper.pid)
    stranger = ProcessGroup(group.pgid, group.started - 1)
    assert not groups.alive(stranger)
    groups.end(stranger, 0.0)
    assert groups.alive(group)


def test_group_of_the_same_number_before_a_reboot_is_not_ours(
    sleeper: subprocess.Popen[str],
) -> None:
    """Numbers and ticks begin anew, and may be those of somebody who has a leader no more."""
    sleeper.kill()
    sleeper.wait()
    group = replace(groups.of(os.getpid()), pgid=sleeper.pid, started=0)
    assert groups.alive(group)
    stranger = replace(group, boot="00000000-0000-0000-0000-000000000000")
    assert not groups.alive(stranger)
    groups.end(stranger, 0.0)
    assert groups.alive(group)


def test_group_that_ignores_term_is_killed_after_the_grace() -> None:
    """Nobody stays for ever."""
    process = subprocess.Popen(
        ["bash", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"],
        start_new_session=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        group = groups.of(process.pid)
        groups.end(group, 0.3)
        eventually(lambda: process.poll() is not None)
    assert not groups.alive(group)
