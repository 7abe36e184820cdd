"""Children that come to an end of their own fault, and those that cannot be had."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship import log
from dropship.agent.fork import fork
from dropship.state import logbook

ROOT = Path(__file__).parents[2]

PROGRAM = """
import os, resource, sys, time
from dropship.agent.fork import fork

def work():
    time.sleep(60)
    return 0

free = os.dup(0)
os.close(free)
resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))
try:
    fork(work, title="nobody")
except OSError as error:
    print(error.strerror)
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
"""


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


def test_child_that_cannot_be_watched_is_ended() -> None:
    """Without a descriptor for its pidfd nobody would know of it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    # The child has the same limit, and may have come as far as to say so.
    assert done.stdout == "Too many open files\nno child\n"
