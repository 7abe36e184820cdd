"""What ``why`` is judged by: a service's files and its worker's record, with an agent or without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dropship.agent.evidence import reason
from dropship.agent.record import CRASHED, WorkerRecord
from dropship.agent.status import ServiceStatus
from dropship.config.model import ArtifactConfig, RepoConfig, ServiceConfig, WorkerLimits
from dropship.core.phase import Phase
from dropship.core.saved import Attempt, Journal, Paused, Saved
from dropship.core.values import Digest, Duration, Md5, Release
from dropship.core.watch import Progress

A = Release("r-a", Digest(Md5("a" * 32), ""))


@pytest.fixture
def service(tmp_path: Path) -> ServiceConfig:
    """One that has nothing but a place."""
    repo = RepoConfig("file", "file", None)
    return ServiceConfig(
        name="app",
        artifact=ArtifactConfig(repo=repo, location=None, destination=tmp_path / "app"),
        lock=None,
        before=(),
        after=(),
        failed=(),
        health=(),
        worker=WorkerLimits(),
        check_interval=Duration.of(10),
    )


def worker(**more: object) -> WorkerRecord:
    """An idle one that has looked."""
    usual = {"name": "app", "pid": 7, "phase": "idle", "last_check": 5.0, "next_check": 60.0}
    return WorkerRecord(**{**usual, **more})  # type: ignore[arg-type] # fields of several types


def test_idle_worker_means_up_to_date(service: ServiceConfig) -> None:
    """And when it looks next."""
    found = reason(ServiceStatus(service, Saved(current=A), worker()), agent=True)
    assert (found.service, found.up_to_date, found.reason) == ("app", True, None)
    assert found.next == "1970-01-01T00:01:00Z"


def test_worker_that_died_is_the_reason(service: ServiceConfig) -> None:
    """In the words of its end."""
    dead = worker(pid=None, phase=CRASHED, last_exit="killed by SIGKILL while idle", deaths=3)
    found = reason(ServiceStatus(service, Saved(current=A), dead, now=56.0), agent=True)
    assert (
        found.reason == "its worker died: killed by SIGKILL while idle, 3rd time, next try in 4 s"
    )
    assert found.owner == "whoever runs this host"


def test_blame_of_a_worker_becomes_the_code(service: ServiceConfig) -> None:
    """A word of a newer worker is none."""
    store = worker(trouble="connection refused", blame="store")
    found = reason(ServiceStatus(service, Saved(current=A), store), agent=True)
    assert (found.up_to_date, found.code, found.owner) == (False, "store", "the store")
    odd = worker(trouble="connection refused", blame="moon phase")
    assert reason(ServiceStatus(service, Saved(current=A), odd), agent=True).code is None


def test_holders_of_the_turn_are_named(service: ServiceConfig) -> None:
    """Only while it is waited for."""
    waits = worker(phase="waiting", since=30.0, progress=Progress(waiting_for=("web-07",)))
    found = reason(ServiceStatus(service, Saved(current=A), waits), agent=True)
    assert (found.code, found.owner) == ("waiting-turn", "web-07")
    assert found.reason == "waits for its turn since 1970-01-01T00:00:30Z; web-07 has it"


def test_without_an_agent_state_answers(service: ServiceConfig) -> None:
    """What was decided, what cannot be read, what was cut off; else that nobody looks."""
    paused = Saved(current=A, paused=Paused("freeze", 0.0, "alice"))
    found = reason(ServiceStatus(service, paused, None), agent=False)
    assert (found.code, found.owner) == ("paused", "alice")
    assert found.reason == "paused since 1970-01-01T00:00:00Z: freeze"
    broken = ServiceStatus(service, Saved(), None, trouble="state.json is damaged")
    assert reason(broken, agent=False).reason == "state.json is damaged"
    cut = ServiceStatus(
        service, Saved(current=A), None, journal=Journal(Phase.AFTER, Attempt("1", 0.0))
    )
    assert "in the middle of after" in (reason(cut, agent=False).reason or "")
    alone = reason(ServiceStatus(service, Saved(current=A), None), agent=False)
    assert alone.reason == "no agent runs, so nobody looks for something new"


def test_hash_of_the_configuration_counts_until_state_knows(service: ServiceConfig) -> None:
    """As the store is compared with it."""
    vouched = replace(service, hash=Md5("a" * 32))
    assert reason(ServiceStatus(vouched, Saved(), worker()), agent=True).up_to_date
    assert not reason(ServiceStatus(service, Saved(), worker()), agent=True).up_to_date
