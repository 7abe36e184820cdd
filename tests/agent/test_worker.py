"""A real worker beside a test that plays its supervisor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dropship.agent.channel import Channel
from dropship.agent.fork import fork
from dropship.agent.messages import Asleep, CheckNow, Finish
from dropship.agent.worker import Workers
from dropship.config.load import load
from dropship.config.model import Config
from dropship.deploy.rig import Workshop
from dropship.state.lock import ServiceLock
from tests.agent.agents import eventually
from tests.e2e.host import Host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with version 1 installed."""
    made = Host(tmp_path)
    made.configure(made.service(interval="1h"))
    made.publish({"version": "1"})
    assert made.run("update").returncode == 0
    yield made
    made.close()


def config(host: Host) -> Config:
    """The host's configuration."""
    found = load(host.config, environ={}, cwd=host.folder, euid=os.geteuid()).config
    assert found is not None
    return found


def test_wish_that_came_while_the_service_was_locked_is_heeded_afterwards(host: Host) -> None:
    """A forced check waits for the lock, and is still forced then: the same bytes, once more."""
    whole = config(host)
    (service,) = whole.services
    workers = Workers(once=False, dry_run=False)
    workers.prepare(whole)
    lock = ServiceLock(Workshop(whole, {}).rig(service).layout.lock, "app", "a test")
    ours, theirs = Channel.pair()

    def blocked() -> bool:
        said = list(ours.receive())
        return any(isinstance(one, Asleep) and one.phase == "blocked" for one in said)

    with closing(ours), lock:
        child = fork(
            lambda: workers.work(whole, service, theirs), title="worker", keep=(theirs.fileno(),)
        )
        theirs.close()
        os.close(child.pidfd)
        try:
            eventually(blocked, doing="be blocked")
            ours.send(CheckNow(force=True))
            # It has woken for that, found the service locked all the same, and sleeps again.
            eventually(blocked, doing="try again")
            eventually(blocked, doing="try again")
            lock.release()
            eventually(lambda: len(host.history()) == 2, doing="update by force")
        finally:
            ours.send(Finish(hard=True))
            _, status = os.waitpid(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert [one["outcome"] for one in host.history()] == ["updated", "updated"]
