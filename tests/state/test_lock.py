"""Locks that name their owner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropship.errors import BusyError, StateError
from dropship.state.lock import AgentLock, ServiceLock, agent_pid

HOLDER = """
import sys
from pathlib import Path
from dropship.state.lock import ServiceLock
with ServiceLock(Path(sys.argv[1]), "api", "dropship update"):
    print("held", flush=True)
    sys.stdin.read()
"""


def lock(path: Path) -> ServiceLock:
    """The lock of the service api, as a worker takes it."""
    return ServiceLock(path, "api", "worker")


def test_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    """Another process holds it: its pid and what it is; once it is killed the lock is free."""
    path = tmp_path / "deep" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(BusyError) as caught:
            lock(path).acquire()
        assert str(caught.value) == (
            f"the service api is driven by process {first.pid} (dropship update); "
            "try again when that has ended"
        )
        first.kill()
        first.wait()
        with lock(path):
            pass


def test_released_lock_is_free_and_its_file_stays(tmp_path: Path) -> None:
    """Taken and given back again and again, by the same process too."""
    path = tmp_path / "lock"
    for _ in range(3):
        with lock(path), pytest.raises(BusyError, match=f"process {os.getpid()} \\(worker\\)"):
            lock(path).acquire()
    assert path.exists()


def test_release_frees_the_lock_though_a_child_has_a_copy(tmp_path: Path) -> None:
    """A forked child that still has the descriptor does not keep the lock."""
    path = tmp_path / "lock"
    held = lock(path)
    held.acquire()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    try:
        held.release()
        with lock(path):
            pass
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)


def test_lock_whose_file_was_deleted_or_replaced_is_not_in_place(tmp_path: Path) -> None:
    """Whoever comes next locks another file; the holder can tell."""
    path = tmp_path / "app" / "lock"
    held = lock(path)
    assert not held.in_place()
    with held:
        assert held.in_place()
        moved = path.parent.rename(tmp_path / "away")
        assert not held.in_place()
        with lock(path) as second:
            assert second.in_place()
            assert not held.in_place()
        (moved / "lock").rename(path)
        assert held.in_place()
    assert not held.in_place()


def test_lock_deleted_before_it_was_locked_is_taken_anew(tmp_path: Path) -> None:
    """Two may not hold one service because somebody cleaned up between two system calls."""
    path = tmp_path / "lock"

    class Unlucky(ServiceLock):
        opened = 0

        def _opened(self) -> int:
            fd = super()._opened()
            self.opened += 1
            if self.opened == 1:
                path.unlink()
            return fd

    unlucky = Unlucky(path, "api", "worker")
    with unlucky:
        assert unlucky.opened == 2
        assert unlucky.in_place()
        with pytest.raises(BusyError):
            lock(path).acquire()


def test_lock_does_not_follow_a_link(tmp_path: Path) -> None:
    """Nobody makes us write into another file by putting a link there."""
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(StateError, match="cannot use the lock"):
        lock(tmp_path / "lock").acquire()
    assert target.read_text() == "precious"


def test_agent_pid_is_known_while_its_lock_is_held(tmp_path: Path) -> None:
    """Asking takes nothing; a pid that a dead agent left in the file does not count."""
    assert agent_pid(tmp_path) is None
    with AgentLock(tmp_path, "run_path"):
        assert agent_pid(tmp_path) == os.getpid()
        assert agent_pid(tmp_path) == os.getpid()
        stale = (tmp_path / "agent.lock").read_text()
    assert agent_pid(tmp_path) is None
    (tmp_path / "agent.lock").write_text(stale)
    assert agent_pid(tmp_path) is None
