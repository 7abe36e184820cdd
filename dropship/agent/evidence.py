"""What ``why`` is judged by: gathered from a service's files and from its worker's record."""

from __future__ import annotations

from dataclasses import replace

from dropship.agent import answers
from dropship.agent.answers import WhyAnswer
from dropship.agent.record import WorkerRecord
from dropship.agent.status import ServiceStatus
from dropship.core import blame
from dropship.core.phase import Phase
from dropship.core.why import Evidence, why


def reason(one: ServiceStatus, *, agent: bool) -> WhyAnswer:
    """The first thing that keeps a service from being up to date; ``agent``: one runs."""
    found = why(evidence(one, agent=agent), answers.moment)
    return WhyAnswer(
        service=one.service.name,
        up_to_date=found.up_to_date,
        reason=found.reason,
        code=found.code.value if found.code else None,
        owner=found.owner,
        next=answers.iso(found.next),
    )


def evidence(one: ServiceStatus, *, agent: bool) -> Evidence:
    """All that is known of a service."""
    known = Evidence(
        saved=one.saved,
        assumed=bool(one.service.hash),
        unreadable=one.trouble,
        cut_off=one.cut_off,
        agent=agent,
        crashed=one.death if one.state == "crashed" else None,
        phase=one.phase,
        next=one.next_check,
    )
    return known if one.worker is None else _with_worker(known, one.worker)


def _with_worker(known: Evidence, worker: WorkerRecord) -> Evidence:
    waiting = known.phase is Phase.WAITING
    holders = worker.progress.waiting_for if waiting and worker.progress else ()
    return replace(
        known,
        trouble=worker.trouble,
        blame=blame.read(worker.blame),
        waits_for=holders,
        waits_since=worker.since if waiting else None,
        checked=worker.last_check,
    )
