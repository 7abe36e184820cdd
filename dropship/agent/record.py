"""``agent.json`` in ``run_path``: what the supervisor knows of its workers, for others to read.

Written whole (temporary file, rename) and not synced: it describes processes, and they do not
outlive the kernel either. Times are seconds since the epoch.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.core.watch import Progress
from dropship.errors import StateError
from dropship.state import codec
from dropship.state.lock import agent_pid

NAME: Final = "agent.json"

CRASHED: Final = "crashed"
"""The phase of a worker that died."""

ENDED: Final = "ended"
"""The phase of a worker that has done its work, or was asked to end and did."""


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """One service's worker.

    Attributes:
        name: The service.
        pid: None while there is none: a restart is waited for, or it has ended for good.
        restarts: Since the supervisor started; never reset.
        last_exit: How the last one ended, in words; empty if none did.
        phase: What it does, in the words of ``core.phase.Phase``; ``CRASHED`` or ``ENDED`` if it
            does nothing any more.
        since: When it began to do that.
        release: Which release it is about.
        progress: How far it is.
        last_check: When the store was last asked.
        next_check: When an idle one does something next.
        trouble: Why the last check or update came to nothing.
        failed: The last update failed.
    """

    name: str
    pid: int | None = None
    restarts: int = 0
    last_exit: str = ""
    phase: str = "starting"
    since: float = 0.0
    release: str = ""
    progress: Progress | None = None
    last_check: float | None = None
    next_check: float | None = None
    trouble: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """The supervisor. ``config_error``: why the last reload was refused."""

    pid: int
    since: float
    version: str = ""
    stopping: bool = False
    config_error: str | None = None
    workers: tuple[WorkerRecord, ...] = ()


def write(run_path: Path, record: AgentRecord) -> None:
    """Publish.

    Raises:
        OSError: The folder is full or gone.
    """
    path = run_path / NAME
    following = path.with_name(NAME + ".next")
    text = json.dumps(codec.encode(record), indent=1) + "\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(following, flags, 0o644)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
    following.rename(path)


def read(run_path: Path) -> AgentRecord | None:
    """What the agent that runs on ``run_path`` published; None if none runs.

    An agent that runs and has published nothing (yet) has a record without workers.

    Raises:
        StateError: There is one that cannot be understood.
    """
    pid = agent_pid(run_path)
    if pid is None:
        return None
    path = run_path / NAME
    try:
        data = json.loads(path.read_bytes())
    except OSError:
        return AgentRecord(pid, 0.0)
    except ValueError as error:
        raise StateError(f"{path} is damaged: {error}", cure="restart the agent") from error
    record = codec.decode(AgentRecord, data, str(path))
    # One that a killed agent left behind tells nothing about the one that runs now.
    return record if record.pid == pid else AgentRecord(pid, 0.0)


def remove(run_path: Path) -> None:
    """There is no agent any more."""
    with contextlib.suppress(OSError):
        (run_path / NAME).unlink()
