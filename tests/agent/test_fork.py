"""A worker that comes to an end of its own fault says of which service it was."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship import log
from dropship.agent.fork import fork
from dropship.state import logbook


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Where what is said is kept."""
    loggers = (logging.getLogger(), logging.getLogger("dropship"))
    before = [(list(one.handlers), one.level, one.propagate) for one in loggers]
    log.setup("info", "text")
    logbook.keep(tmp_path)
    yield tmp_path
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


def test_exception_that_nobody_caught_is_in_the_service_log(state: Path) -> None:
    """With its traceback: who looks at the log of the service finds why it died."""

    def faulty() -> int:
        raise LookupError("no such thing")

    child = fork(faulty, title="test", log=log.bound("api", "dropship.agent"))
    os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED)
    os.close(child.pidfd)
    (event,) = logbook.newest(state, "api", 10)
    assert (event.level, event.pid) == ("critical", child.pid)
    assert "no such thing" in event.message
    assert "in faulty" in event.traceback
