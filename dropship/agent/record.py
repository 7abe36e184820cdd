"""What the supervisor knows of its workers. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dropship.core.watch import Progress

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
        deaths: Those that followed each other without five minutes of good health between.
        last_exit: How the last one ended, in words; empty if none did.
        phase: What it does, in the words of ``core.phase.Phase``; ``CRASHED`` or ``ENDED`` if it
            does nothing any more.
        since: When it began to do that.
        release: Which release it is about.
        progress: How far it is.
        last_check: When the store was last asked.
        next_check: When an idle one does something next, or a crashed one is started again.
        trouble: Why the last check or update came to nothing.
        blame: What that is put down to (``core.blame.Blame``'s value), if to anything.
        failed: The last update failed.
        turn: Since when it holds a turn, if it does.
    """

    name: str
    pid: int | None = None
    restarts: int = 0
    deaths: int = 0
    last_exit: str = ""
    phase: str = "starting"
    since: float = 0.0
    release: str = ""
    progress: Progress | None = None
    last_check: float | None = None
    next_check: float | None = None
    trouble: str = ""
    blame: str = ""
    failed: bool = False
    turn: float | None = None


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """The supervisor. ``config_error``: why the last reload was refused."""

    pid: int
    since: float
    version: str
    stopping: bool = False
    config_error: str | None = None
    workers: tuple[WorkerRecord, ...] = ()
