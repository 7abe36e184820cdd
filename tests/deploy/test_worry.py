"""An engine that goes away while somebody holds a turn."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from dropship import log
from dropship.core.phase import Phase
from dropship.core.values import Md5
from dropship.core.watch import Progress, Watch
from dropship.deploy.attention import Attention
from dropship.deploy.turn import Turn
from dropship.deploy.worry import Worry
from dropship.errors import LockError
from dropship.lockers import Broken, Holder, Lease, Mark, Standing
from dropship.lockers.timed import TimedLease, now
from tests.deploy.desks import Desk, rig
from tests.e2e.host import Host


class Engine:
    """Gives one turn to whoever asks, and cannot be asked while it is ``away``."""

    def __init__(self) -> None:
        self.away = False

    def renew(self) -> bool:
        """Of a ``Grant``."""
        if self.away:
            raise LockError("Consul cannot be reached", cure="start it")
        return True

    def drop(self) -> None:
        """Of a ``Grant``."""

    @property
    def marks(self) -> Engine:
        """It marks nothing."""
        return self

    def put(self, scope: str, mark: Mark) -> None:
        """Of ``Marks``."""

    def get(self, scope: str, md5: Md5) -> Mark | None:
        """Of ``Marks``."""

    def clear(self, scope: str, md5: Md5) -> None:
        """Of ``Marks``."""

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> Lease:
        """The turn."""
        del limit, holder, timeout, watch
        return TimedLease(self, asked=now(), ttl=3600.0, what=scope)

    def standing(self, scope: str) -> Standing:
        """Nobody asks."""
        del scope
        return Standing()

    def break_turns(self, scope: str, broken: Broken) -> None:
        """Nobody does."""

    def close(self) -> None:
        """There is nothing to give back."""


class Board(Desk):
    """Keeps what is reported."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def report(self, phase: Phase, progress: Progress) -> None:
        """Note it."""
        del phase
        self.notes.append(progress.note)


def test_holder_goes_on_and_says_that_the_engine_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once in the log, with everything that is reported meanwhile, and no more when it is back."""
    host, engine, board = Host(tmp_path), Engine(), Board()
    host.configure(host.service())
    turn = Turn(replace(rig(host.config), locker=engine))
    watch = Attention(board, lambda: None, lambda: Phase.VERIFYING, lambda: turn.trouble)
    worry = Worry(turn, watch, log.bound("app"))
    turn.take(watch, None)
    worry.look(working=True)
    assert board.notes == []
    engine.away = True
    with caplog.at_level(logging.WARNING, "dropship"):
        for _ in range(3):
            turn.certain()
            worry.look(working=True)
    watch.report(Progress(note="health: 1 of 3"))
    assert board.notes == [
        "Consul cannot be reached; start it",
        "health: 1 of 3; Consul cannot be reached; start it",
    ]
    assert [one.getMessage() for one in caplog.records] == [
        "goes on, though the turn could not be renewed: Consul cannot be reached; start it"
    ]
    engine.away = False
    turn.certain()
    worry.look(working=True)
    assert board.notes[-1] == ""
