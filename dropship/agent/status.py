"""What an operator wants to know of every service: from state files, and from the agent if one runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

import psutil

from dropship import __version__
from dropship.agent import record
from dropship.agent.record import ENDED, AgentRecord, WorkerRecord
from dropship.config.model import Config, ServiceConfig
from dropship.core.phase import Phase
from dropship.core.saved import Journal, Saved
from dropship.errors import StateError
from dropship.install.layout import Layout
from dropship.state.store import Store

_STATES: Final = {
    Phase.CHECKING: "checking",
    Phase.STAGING: "staging",
    Phase.WAITING: "waiting",
    Phase.RECHECKING: "waiting",
    Phase.BEFORE: "updating",
    Phase.ACTIVATING: "updating",
    Phase.AFTER: "updating",
    Phase.VERIFYING: "verifying",
    Phase.COMMITTING: "updating",
    Phase.HOLDING: "holding",
    Phase.UNDO_BEFORE: "rolling-back",
    Phase.UNDO_FLIP: "rolling-back",
    Phase.UNDO_AFTER: "rolling-back",
    Phase.UNDO_VERIFY: "rolling-back",
    Phase.UNDO_NOTIFY: "rolling-back",
    Phase.SETTLING: "rolling-back",
}
_IN_TURN: Final = frozenset(_STATES) - {Phase.CHECKING, Phase.STAGING}


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service: its configuration, what is on disk, and its worker where one is known."""

    service: ServiceConfig
    saved: Saved
    worker: WorkerRecord | None
    trouble: str | None = None
    journal: Journal | None = None

    @property
    def cut_off(self) -> str | None:
        """What is to be said of an update that no worker of the agent drives."""
        if self.journal is None or self.worker is not None:
            return None
        doing = self.journal.phase.value.replace("_", " ")
        return (
            f"an update is in the middle of {doing}: if nobody drives it, "
            f"start the agent or run dropship update {self.service.name}"
        )

    @property
    def phase(self) -> Phase | None:
        """What its worker does, if it does anything."""
        if self.worker is None or self.worker.pid is None:
            return None
        try:
            return Phase(self.worker.phase)
        except ValueError:
            return None

    @property
    def state(self) -> str:
        """In the words of the command line's contract."""
        if self.trouble is not None or (self.worker and self.worker.phase == "blocked"):
            return "blocked"
        if self.worker and self.worker.pid is None and self.worker.phase != ENDED:
            return "crashed"
        phase = self.journal.phase if self.journal and self.cut_off else self.phase
        busy = _STATES.get(phase) if phase else None
        if busy is not None:
            return busy
        if self.saved.paused is not None:
            return "paused"
        return "failed" if self.saved.failed is not None else "idle"

    @property
    def error(self) -> str | None:
        """What went wrong last."""
        said = self.worker.trouble if self.worker else ""
        return self.trouble or self.cut_off or said or self.saved.failed


@dataclass(frozen=True, slots=True)
class Status:
    """Everything."""

    agent: AgentRecord | None
    services: tuple[ServiceStatus, ...]

    @property
    def exit_code(self) -> int:
        """3 without an agent, 1 if any service failed, else 0."""
        if self.agent is None:
            return 3
        bad = ("failed", "crashed", "blocked")
        return 1 if any(one.state in bad for one in self.services) else 0


def gather(config: Config, services: tuple[ServiceConfig, ...]) -> Status:
    """Read it all.

    Raises:
        StateError: What the agent published cannot be understood.
    """
    agent = record.read(config.run_path)
    workers = {one.name: one for one in agent.workers} if agent else {}
    return Status(agent, tuple(_service(config, one, workers.get(one.name)) for one in services))


def _service(config: Config, service: ServiceConfig, worker: WorkerRecord | None) -> ServiceStatus:
    store = Store.of(config.state_path, service.name)
    try:
        saved = store.load()
        # What the next worker reads first: one that it cannot read is what keeps it from working.
        journal = store.journal_read()
    except StateError as error:
        return ServiceStatus(service, Saved(), worker, trouble=str(error))
    here = str(Layout.of(service.artifact, service.name).destination)
    if saved is None or saved.destination not in ("", here):
        saved = Saved()
    return ServiceStatus(service, saved, worker, journal=journal)


def as_json(status: Status) -> dict[str, Any]:
    """The document of ``status --format json``."""
    agent = status.agent
    return {
        "agent": {
            "running": agent is not None,
            "pid": agent.pid if agent else None,
            "version": (agent.version if agent else "") or __version__,
            "since": iso(agent.since) if agent and agent.since else None,
            "configError": agent.config_error if agent else None,
        },
        "services": [_as_json(one) for one in status.services],
    }


def _as_json(one: ServiceStatus) -> dict[str, Any]:
    saved, worker = one.saved, one.worker
    current, paused = saved.current, saved.paused
    return {
        "name": one.service.name,
        "state": one.state,
        "hash": current.md5 if current else one.service.hash,
        "release": current.name if current else None,
        "previous": saved.previous.name if saved.previous else None,
        "installedAt": iso(saved.installed_at),
        "lastCheck": iso(worker.last_check) if worker else None,
        "nextCheck": iso(worker.next_check) if worker else None,
        "lastError": one.error,
        "quarantined": [found.md5 for found in saved.quarantine],
        "paused": paused and {"reason": paused.reason, "since": iso(paused.since), "by": paused.by},
        "pinned": saved.pinned,
        "version": current.version if current else None,
        "turn": _turn(one),
        "progress": _progress(one),
        "worker": _worker(worker),
    }


def _turn(one: ServiceStatus) -> dict[str, Any] | None:
    worker, lock = one.worker, one.service.lock
    if worker is None or lock is None or one.phase not in _IN_TURN:
        return None
    waiting = one.phase is Phase.WAITING
    names = worker.progress.waiting_for if waiting and worker.progress else ()
    return {
        "lock": lock.name,
        "held": not waiting,
        "waitingFor": list(names),
        "since": iso(worker.since),
    }


def _progress(one: ServiceStatus) -> dict[str, Any] | None:
    progress = one.worker.progress if one.worker else None
    if progress is None or one.phase is not Phase.STAGING:
        return None
    return {"bytes": progress.done, "total": progress.total}


def _worker(worker: WorkerRecord | None) -> dict[str, Any] | None:
    if worker is None:
        return None
    rss, cpu = _usage(worker.pid)
    return {"pid": worker.pid, "restarts": worker.restarts, "rss": rss, "cpu": cpu}


def _usage(pid: int | None) -> tuple[int | None, float | None]:
    """Resident bytes, and CPU seconds since its start."""
    if pid is None:
        return None, None
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return process.memory_info().rss, times.user + times.system
    except psutil.Error:
        return None, None


def iso(seconds: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
