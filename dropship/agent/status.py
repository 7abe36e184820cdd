"""What an operator wants to know of every service: from state files, and from the agent if one runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dropship import __version__
from dropship.agent.answers import (
    AgentAnswer,
    PausedAnswer,
    ProgressAnswer,
    ServiceAnswer,
    ServiceState,
    StatusAnswer,
    TurnAnswer,
    WorkerAnswer,
    iso,
    moment,
)
from dropship.agent.record import CRASHED, AgentRecord, WorkerRecord
from dropship.agent.words import fate
from dropship.config.model import Config, ServiceConfig
from dropship.core.phase import Phase
from dropship.core.saved import Journal, Saved
from dropship.errors import StateError
from dropship.linux.usage import usage
from dropship.lockers.default import FILE
from dropship.state.store import Store

_STATES: Final[dict[Phase, ServiceState]] = {
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


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service: its configuration, what is on disk, and its worker where one is known.

    ``now``: when this was so, seconds since the epoch.
    """

    service: ServiceConfig
    saved: Saved
    worker: WorkerRecord | None
    trouble: str | None = None
    journal: Journal | None = None
    now: float | None = None

    def readable(self) -> Saved:
        """What is saved.

        Raises:
            StateError: It cannot be read.
        """
        if self.trouble is not None:
            raise StateError(self.trouble)
        return self.saved

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
            phase = Phase(self.worker.phase)
        except ValueError:
            return None
        # It may have to wait for a hook that the last worker left running, and then goes on there.
        return self.journal.phase if phase is Phase.STARTING and self.journal else phase

    @property
    def next_check(self) -> float | None:
        """When the store is asked next, or a worker started."""
        if self.worker is not None and self.phase is Phase.HOLDING:
            service = self.service
            return self.worker.since + service.update_ttl.seconds + service.check_interval.seconds
        return self.worker.next_check if self.worker else None

    @property
    def state(self) -> ServiceState:
        """In the words of the command line's contract."""
        if self.trouble is not None or (self.worker and self.worker.phase == "blocked"):
            return "blocked"
        if self.worker and self.worker.phase == CRASHED:
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
        return self.trouble or self.cut_off or self.death or said or self.saved.failed

    @property
    def death(self) -> str | None:
        """How its worker died and when there is a new one, while there is none."""
        worker = self.worker
        if worker is None or worker.phase != CRASHED:
            return None
        due = worker.next_check
        wait = None if due is None or self.now is None else due - self.now
        return fate(worker.last_exit or "it could not be started", worker.deaths, wait)


def status(
    config: Config, services: tuple[ServiceConfig, ...], agent: AgentRecord | None, now: float
) -> StatusAnswer:
    """``status`` of ``services``: from their files, and from ``agent`` if one runs."""
    workers = {one.name: one for one in agent.workers} if agent else {}
    found = [_look(config, one, workers.get(one.name), now) for one in services]
    return StatusAnswer(
        AgentAnswer(
            running=agent is not None,
            pid=agent.pid if agent else None,
            version=agent.version if agent else __version__,
            since=iso(agent.since) if agent else None,
            config_error=agent.config_error if agent else None,
            stopping=agent is not None and agent.stopping,
        ),
        tuple(_answer(one) for one in found),
        tuple(_warnings(config)),
    )


def _warnings(config: Config) -> Iterator[str]:
    """Turns that nobody has said the place of (W219)."""
    lock = next((one.lock for one in config.services if one.lock and one.lock.stands_in), None)
    if lock is None:
        return
    if lock.type == FILE:
        yield "no lock is defined: turns are taken on this host only, others are not waited for"
    else:
        yield f"no lock is defined: turns are taken at {lock.type.capitalize()}, as they were before"


def look(
    config: Config, service: ServiceConfig, agent: AgentRecord | None, now: float
) -> ServiceStatus:
    """Everything that is known of one service."""
    workers = agent.workers if agent else ()
    worker = next((one for one in workers if one.name == service.name), None)
    return _look(config, service, worker, now)


def _look(
    config: Config, service: ServiceConfig, worker: WorkerRecord | None, now: float
) -> ServiceStatus:
    store = Store.of(config.state_path, service.name)
    try:
        saved = store.load()
        # What the next worker reads first: one that it cannot read is what keeps it from working.
        journal = store.journal_read()
    except StateError as error:
        return ServiceStatus(service, Saved(), worker, trouble=str(error))
    if saved is None or saved.destination not in ("", str(service.artifact.destination)):
        saved = Saved()
    return ServiceStatus(service, saved, worker, journal=journal, now=now)


def _answer(one: ServiceStatus) -> ServiceAnswer:
    saved, worker = one.saved, one.worker
    current, paused = saved.current, saved.paused
    return ServiceAnswer(
        name=one.service.name,
        state=one.state,
        hash=current.md5 if current else one.service.hash,
        release=current.name if current else None,
        previous=saved.previous.name if saved.previous else None,
        installed_at=iso(saved.installed_at),
        last_check=iso(worker.last_check) if worker else None,
        next_check=iso(one.next_check),
        last_error=one.error,
        quarantined=tuple(found.md5 for found in saved.quarantine),
        paused=PausedAnswer(paused.reason, moment(paused.since), paused.by) if paused else None,
        pinned=saved.pinned,
        version=current.version if current else None,
        turn=_turn(one),
        progress=_progress(one),
        worker=_worker(worker) if worker else None,
    )


def _turn(one: ServiceStatus) -> TurnAnswer | None:
    worker, lock = one.worker, one.service.lock
    if worker is None or lock is None:
        return None
    if one.phase is Phase.WAITING:
        names = worker.progress.waiting_for if worker.progress else ()
        return TurnAnswer(lock.name, False, names, iso(worker.since))
    return TurnAnswer(lock.name, True, (), iso(worker.turn)) if worker.turn else None


def _progress(one: ServiceStatus) -> ProgressAnswer | None:
    progress = one.worker.progress if one.worker else None
    if progress is None or one.phase is not Phase.STAGING:
        return None
    return ProgressAnswer(progress.done, progress.total)


def _worker(worker: WorkerRecord) -> WorkerAnswer:
    used = usage(worker.pid) if worker.pid else None
    return WorkerAnswer(
        pid=worker.pid,
        restarts=worker.restarts,
        rss=used.rss if used else None,
        cpu=used.cpu if used else None,
        phase=worker.phase,
        note=worker.progress.note if worker.progress else "",
        last_exit=worker.last_exit or None,
        since=iso(worker.since) if worker.since else None,
        release=worker.release or None,
        deaths=worker.deaths,
    )
