"""What trouble is put down to, on its way from a driver to what others may know of a worker."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dropship.agent.channel import Channel
from dropship.agent.desk import WorkerDesk
from dropship.agent.fork import Child
from dropship.agent.record import WorkerRecord
from dropship.agent.seat import Clocks, Running, Seat
from dropship.agent.vigil import Vigil
from dropship.config.model import ArtifactConfig, RepoConfig, ServiceConfig, WorkerLimits
from dropship.core.blame import Blame
from dropship.core.phase import Phase
from dropship.core.situation import Facts, State
from dropship.core.values import Duration

NOW = Clocks(1.0, 1.0)


@pytest.fixture
def service(tmp_path: Path) -> ServiceConfig:
    """One that nobody drives."""
    repo = RepoConfig("file", "file", None)
    artifact = ArtifactConfig(repo=repo, location=None, destination=tmp_path / "app")
    return ServiceConfig(
        name="app",
        artifact=artifact,
        lock=None,
        before=(),
        after=(),
        failed=(),
        health=(),
        worker=WorkerLimits(),
        check_interval=Duration.of(10),
    )


def recorded(service: ServiceConfig, *states: State) -> list[WorkerRecord]:
    """What is known of a worker each time that it has shown a state and gone to sleep."""
    seat, (ours, theirs) = Seat(service), Channel.pair()
    records: list[WorkerRecord] = []
    # This very process plays the worker.
    with closing(ours), closing(theirs), closing(WorkerDesk(theirs)) as desk:
        seat.running = Running(Child(os.getpid(), -1), ours, 0.0, Vigil(0.0))
        for state in states:
            desk.show(state, None)
            desk.sleep(0.0)
            seat.hear(NOW)
            records.append(seat.record(NOW))
    return records


def test_worker_at_rest_says_what_its_trouble_is_put_down_to(service: ServiceConfig) -> None:
    """And takes it back with the trouble."""
    good = State(Facts(), phase=Phase.IDLE)
    down = replace(good, trouble="down", blame=Blame.STORE)
    full = replace(good, trouble="full")
    found = recorded(service, down, full, good)
    assert [(one.trouble, one.blame) for one in found] == [
        ("down", "store"),
        ("full", ""),
        ("", ""),
    ]


def test_worker_at_work_keeps_what_was_said_last(service: ServiceConfig) -> None:
    """Until the check or the update has come to something."""
    down = State(Facts(), phase=Phase.IDLE, trouble="down", blame=Blame.STORE)
    asking = replace(down, phase=Phase.CHECKING, awaiting=1)
    assert [one.blame for one in recorded(service, down, asking)] == ["store", "store"]
