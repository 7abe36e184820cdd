"""Many things at once: deaths by the hundred, signals by the thousand, calls that are interrupted."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.agent.agents import Agent, eventually

pytestmark = pytest.mark.endurance

MANY = [f"idle-{number}" for number in range(200)]


def all_back(agent: Agent, deaths: int) -> bool:
    """Whether everybody has died so often, been counted, and come back."""
    workers = agent.workers().values()
    return all(one.pid and one.restarts == deaths for one in workers)


def test_two_hundred_deaths_at_once_are_counted_once_each(tmp_path: Path) -> None:
    """Again and again, and among other signals: no lost child, no zombie, no descriptor more."""
    with Agent(tmp_path, *MANY) as agent:
        agent.settle()
        descriptors = agent.fds()
        for deaths in (1, 2):
            pids = [one.pid for one in agent.workers().values()]
            for number, pid in enumerate(pids):
                assert pid
                os.kill(pid, signal.SIGKILL)
                if number % 20 == 0 and deaths == 2:
                    agent.signal((signal.SIGHUP, signal.SIGUSR1)[number % 40 // 20])
            eventually(lambda deaths=deaths: all_back(agent, deaths), doing="come back")
            assert not {one.pid for one in agent.workers().values()} & set(pids)
        assert len(agent.settle()) == len(MANY)
        assert agent.fds() == descriptors
        assert agent.log().count("worker died: killed by SIGKILL") == 2 * len(MANY)
        for name in agent.workers():
            os.kill(agent.pid(name), signal.SIGKILL) if name.endswith("7") else None
        agent.signal(signal.SIGTERM)
        assert agent.wait() in (0, 1)
        assert not [one for one in MANY if f"[{one}] worker" not in agent.log()]


def test_rain_of_signals_stops_nothing(tmp_path: Path) -> None:
    """Thousands of them to supervisor and workers: nobody dies, nothing is said to have failed."""
    with Agent(tmp_path, "idle-a", "obeys-b") as agent:
        pids = [agent.pid("idle-a"), agent.pid("obeys-b")]
        chance = random.Random(7)
        for number in range(3000):
            pid = chance.choice([agent.process.pid, *pids])
            os.kill(
                pid,
                signal.SIGCHLD if pid in pids else chance.choice([signal.SIGCHLD, signal.SIGUSR1]),
            )
            if number % 500 == 0:
                assert agent.ask("update", "obeys-b")[0]["code"] == 0
        assert [agent.pid("idle-a"), agent.pid("obeys-b")] == pids
        assert "Error" not in agent.log()
        assert "died" not in agent.log()
        agent.signal(signal.SIGTERM)
        assert agent.wait() == 0


# What Python starts again by itself (PEP 475), and what ctypes and we call.
CALLS = [
    "epoll_wait",
    "waitid",
    "pidfd_send_signal",
    "recvfrom",
    "sendto",
    "read",
    "poll",
]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("call", CALLS)
def test_interrupted_call_of_the_supervisor_is_no_error(tmp_path: Path, call: str) -> None:
    """Every third one ends with EINTR: workers die and come back, callers are answered."""
    with Agent(tmp_path, "idle-a", "obeys-b") as agent:
        tracer = subprocess.Popen(
            ["strace", "-qq", "-o", tmp_path / "trace", "-p", str(agent.process.pid),
             "-e", f"trace={call}", "-e", f"inject={call}:error=EINTR:when=3+3"],
        )  # fmt: skip
        try:
            status = Path(f"/proc/{agent.process.pid}/status")
            eventually(
                lambda: not re.search(r"^TracerPid:\t0$", status.read_text(), re.MULTILINE),
                doing="be traced",
            )
            for deaths in (1, 2):
                old = agent.pid("idle-a")
                os.kill(old, signal.SIGKILL)
                eventually(
                    lambda deaths=deaths: (
                        agent.workers()["idle-a"].restarts == deaths
                        and agent.workers()["idle-a"].pid
                    ),
                    doing=f"come back: {agent.log()}",
                )
                assert agent.ask("update", "obeys-b")[0]["code"] == 0
            # Traced to its end: a tracer that lets go may leave a call it has spoiled.
            agent.signal(signal.SIGTERM)
            assert agent.wait() == 0, agent.log()
            assert tracer.wait(60) == 0
        finally:
            tracer.kill()
            tracer.wait()
        assert "Traceback" not in agent.log()
