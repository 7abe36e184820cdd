"""What is played before the first worker is forked: no harm, and memory that workers share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dropship.agent.desk import WorkerDesk
from dropship.agent.rehearsal import rehearse
from dropship.agent.worker import Workers
from dropship.config.load import load
from dropship.config.model import Config
from dropship.deploy.rig import Rig, Workshop
from dropship.errors import StateError
from tests.e2e.host import Host


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A service whose store is not there."""
    host = Host(tmp_path)
    host.configure(host.service('after "script" { command = "touch ran" }'))
    (tmp_path / "run").mkdir()
    found = load(host.config, environ={}, cwd=tmp_path, euid=os.geteuid()).config
    assert found is not None
    return found


def test_rehearsal_changes_nothing_and_leaves_nothing(config: Config, tmp_path: Path) -> None:
    """No folder, no state, no hook, no signal handler, no descriptor."""
    before = sorted(tmp_path.rglob("*")), signal.getsignal(signal.SIGTERM), _descriptors()
    Workers(once=False, dry_run=False).prepare(config)
    assert (sorted(tmp_path.rglob("*")), signal.getsignal(signal.SIGTERM), _descriptors()) == before


def test_rehearsal_checks_again_and_again_and_ends_well(config: Config, tmp_path: Path) -> None:
    """It is the worker's own code that runs, over a store that has what is installed."""
    seen: list[object] = []

    def play(rig: Rig, desk: WorkerDesk) -> None:
        found = rig.store.load()
        assert found is not None
        assert found.current is not None
        assert found.meaning(rig.source.find().token) == found.current.md5
        assert rig.layout.destination.is_dir()
        while not desk.orders():
            desk.sleep(0.0)
            seen.append(desk)

    rehearse(Workshop(config, {}).rig(config.services[0]), play, tmp_path)
    assert len(seen) >= 8


def test_rehearsal_that_goes_wrong_stops_nobody(config: Config, tmp_path: Path) -> None:
    """Workers do without it; its folder is gone all the same."""
    (tmp_path / "run").rmdir()
    Workers(once=False, dry_run=False).prepare(config)

    def play(_rig: Rig, _desk: WorkerDesk) -> None:
        raise StateError("the disk is full")

    with pytest.raises(StateError):
        rehearse(Workshop(config, {}).rig(config.services[0]), play, tmp_path)
    assert not list(tmp_path.glob("rehearsal-*"))


def test_worker_has_less_memory_of_its_own_after_a_rehearsal(config: Config) -> None:
    """What has been played once is played by all in shared memory."""
    # In a process of its own: here others have played before.
    script = [sys.executable, "-c", _MEASURE, str(config.main)]
    told = subprocess.run(script, check=True, capture_output=True, text=True)
    first, second = map(int, told.stdout.split())
    assert second < 0.9 * first


_MEASURE = """
import gc, os, sys
from pathlib import Path
from dropship.agent.worker import Workers
from dropship.config.load import load
from dropship.deploy.rig import Workshop

def own(play):
    gc.freeze()
    read, write = os.pipe()
    if os.fork() == 0:
        play()
        smaps = Path("/proc/self/smaps_rollup").read_text().splitlines()
        own = sum(int(line.split()[1]) for line in smaps if line.startswith("Private_"))
        os.write(write, str(own).encode())
        os._exit(0)
    os.wait()
    return os.read(read, 100).decode()

config = load(Path(sys.argv[1]), environ={}, cwd=Path("/"), euid=os.geteuid()).config
rig = Workshop(config, {}).rig(config.services[0])
play = lambda: Workers._rehearse(rig, config.run_path)
first = own(play)
play()
print(first, own(play))
"""


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
