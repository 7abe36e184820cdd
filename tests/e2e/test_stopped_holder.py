"""A holder that stands still for longer than its turn lasts, before the switch and after it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet, running
from tests.e2e.host import Host, eventually
from tests.engines import ENGINES

pytestmark = pytest.mark.endurance


def _gated(kind: str, host: Host) -> str:
    """A hook that waits for its host's gate, and says that it does."""
    folder = host.folder
    wait = f"while [ ! -e {folder}/gate ]; do sleep 0.05; done"
    return f'{kind} "script" {{ command = "echo held >> {folder}/held; {wait}" }}'


@pytest.fixture
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Fleet, Host, Host]]:
    """Two hosts of which one holds the turn, in a hook, and stands still; the other has updated."""
    (tmp_path / "engine").mkdir()
    with (
        ENGINES["redis"](tmp_path / "engine") as block,
        running(tmp_path, 2, block(tmp_path)) as both,
    ):
        both.configure(lambda host: _gated(request.param, host))
        for host in both.hosts:
            (host.folder / "gate").touch()
        both.publish({"version": "1"})
        both.start()
        # Switched to is not done with: the hook may be about to look for its gate.
        eventually(lambda: all(host.history() for host in both.hosts), both.said)
        for host in both.hosts:
            (host.folder / "gate").unlink()
            (host.folder / "held").unlink()
        both.publish({"version": "2"})
        held = eventually(
            lambda: next((one for one in both.hosts if (one.folder / "held").exists()), None),
            both.said,
        )
        (other,) = (host for host in both.hosts if host is not held)
        worker = held.pid()
        os.kill(worker, signal.SIGSTOP)
        (other.folder / "gate").touch()
        other.until_version("2")
        yield both, held, other
        os.kill(worker, signal.SIGCONT)


@pytest.mark.parametrize("fleet", ["before"], indirect=True)
def test_holder_that_wakes_up_before_the_switch_does_not_switch(
    fleet: tuple[Fleet, Host, Host],
) -> None:
    """Its turn is somebody else's by then: it goes back, and tries again in its turn."""
    both, held, _ = fleet
    assert held.version() == "1"
    os.kill(held.pid(), signal.SIGCONT)
    (held.folder / "gate").touch()
    eventually(lambda: "the turn is lost" in held.said(), held.said)
    both.until_version("2")
    eventually(lambda: held.history()[-1]["outcome"] == "updated", held.said)
    _, first, *_ = held.history()
    assert first["outcome"] == "failed"
    assert "the turn of" in first["error"]


@pytest.mark.parametrize("fleet", ["after"], indirect=True)
def test_holder_that_wakes_up_after_the_switch_finishes_and_says_so(
    fleet: tuple[Fleet, Host, Host],
) -> None:
    """What has been switched is brought to its end, here and nowhere else."""
    _, held, _ = fleet
    assert held.version() == "2"
    os.kill(held.pid(), signal.SIGCONT)
    (held.folder / "gate").touch()
    eventually(
        lambda: held.history()[-1]["outcome"] == "updated" and len(held.history()) == 2, held.said
    )
    assert held.history()[-1]["error"].startswith("the turn was lost meanwhile: ")
    assert held.version() == "2"
