"""A stop ends in time and leaves nobody behind, whoever is stopped or takes no notice."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.host import Host, eventually
from tests.faults.plug import plug

pytestmark = pytest.mark.endurance

# stopTimeout, then the grace of a worker that is pressed, then some for the machine.
LONGEST = 1 + 15 + 15


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host; whatever stands still on it at the end is killed."""
    made = Host(tmp_path)
    yield made
    made.close()
    for one in made.left_over():
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def in_hook(host: Host) -> int:
    """An agent whose only service is in a before hook without an end; gives the hook's pid."""
    marks = host.folder / "hook-pid"
    host.configure(
        host.service(f'before "script" {{ command = "echo $$ > {marks}; exec sleep 600" }}'),
        main='stopTimeout = "1s"\n',
    )
    host.publish({"version": "1"})
    host.start()
    return int(eventually(lambda: marks.exists() and marks.read_text(), "run the hook"))


def gone(pid: int) -> bool:
    """Whether a process has ended; whose it is now may not have reaped it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def stopped(pid: int) -> None:
    """Let a process stand still."""
    os.kill(pid, signal.SIGSTOP)
    process = psutil.Process(pid)
    eventually(lambda: process.status() == psutil.STATUS_STOPPED, "stand still")


def ends_with(host: Host, code: int) -> None:
    """The agent ends in time, and nobody is left."""
    host.agent.send_signal(signal.SIGTERM)
    assert host.agent.wait(LONGEST) == code, host.said()
    eventually(
        lambda: not host.left_over(), lambda: f"leave nobody: {host.left_over()} {host.said()}"
    )


@pytest.mark.slow
def test_worker_that_stands_still_is_killed_with_its_hook(host: Host) -> None:
    """It can end neither itself nor its hook; the next agent takes up where it was."""
    hook = in_hook(host)
    stopped(host.pid())
    ends_with(host, 1)
    assert "killed by SIGKILL while before (it did not end in time)" in host.said()
    assert "killed the hook that the worker has left" in host.said()
    eventually(lambda: gone(hook), "be killed")
    host.configure(host.service())
    host.start()
    host.until_version("1")
    assert host.stop() == 0


def test_hook_that_stands_still_is_ended(host: Host) -> None:
    """By its worker: TERM, and on with it."""
    stopped(in_hook(host))
    ends_with(host, 1)


def test_unpacker_that_stands_still_is_ended(host: Host) -> None:
    """Staging is dropped at once."""
    host.configure(host.service(), main='repo "file" { maxRate = "50KB" }\n')
    host.publish({"version": "1", "noise": random.Random(1).randbytes(400_000)})
    host.start()
    worker = psutil.Process(host.pid())
    (unpacker,) = eventually(worker.children, "unpack")
    stopped(unpacker.pid)
    ends_with(host, 0)


@pytest.mark.slow
def test_worker_that_takes_no_notice_of_a_stop_is_killed(host: Host) -> None:
    """One in an endless loop, whom neither SIGTERM nor the channel reaches."""
    site = plug(host.folder)
    (host.folder / "orders" / "app").write_text("checking deaf")
    host.configure(host.service(), main='stopTimeout = "1s"\n')
    host.publish({"version": "1"})
    host.start(PYTHONPATH=str(site))
    eventually((host.folder / "struck" / "app").exists, "be deaf")
    ends_with(host, 1)
    assert "killed by SIGKILL while checking (it did not end in time)" in host.said()


@pytest.mark.slow
def test_worker_that_stands_still_does_not_outlive_its_service(host: Host) -> None:
    """The watchdog ends it after a reload has taken the service away; others are not kept."""
    host.configure(host.service(), host.service(name="other"), main='watchdog = "1s"\n')
    for name in ("app", "other"):
        host.publish({"version": "1"}, name)
    host.start()
    for name in ("app", "other"):
        host.until_version("1", name)
    stopped(host.pid())
    host.configure(host.service(name="other"), main='watchdog = "1s"\n')
    assert host.run("reload").returncode == 0
    host.publish({"version": "2"}, "other")
    host.until_version("2", "other")
    host.until_said("the service was removed")
    ends_with(host, 0)
