"""What an update leaves in state and history, however it ends."""

from __future__ import annotations

from dataclasses import replace

from dropship.core import blame
from dropship.core.saved import HistoryEntry, Outcome, Quarantined, Saved
from dropship.core.situation import State
from dropship.core.values import Release


def after_success(state: State) -> Saved:
    """The state once the target is current and works.

    It depends on nothing that changes after the ``before`` hooks began, so that it can be written
    out in full beforehand.
    """
    attempt, saved, target = state.now, state.saved, state.target
    saved = saved.without_quarantine(target.md5)
    left = attempt.origin
    known = left is not None and saved.quarantined(left.md5) is not None
    if attempt.by_hand and left and left.md5 and left.md5 != target.md5 and not known:
        reason = blame.left_by_hand(target.name)
        saved = saved.quarantining(Quarantined(left.md5, reason, attempt.started))
    kept = tuple(one for one in (left, *saved.kept) if one and one.name != target.name)
    return replace(
        saved,
        current=target,
        previous=left,
        staged=None,
        kept=_once(kept)[: state.facts.keeps],
        failed=None,
        installed_at=attempt.begun,
    )


def after_failure(state: State) -> Saved:
    """The state once going back is over."""
    attempt, saved = state.now, state.saved
    error = attempt.reason or "failed"
    target = attempt.target
    if attempt.quarantine and target is not None and target.md5 is not None:
        saved = saved.quarantining(Quarantined(target.md5, error, state.entered))
    if attempt.touched:
        saved = replace(saved, staged=None)
    if not attempt.postponed:
        saved = replace(saved, failed=error)
    if attempt.flipped:
        return replace(
            saved,
            current=target,
            previous=attempt.origin,
            staged=None,
            installed_at=attempt.begun,
        )
    # What stood at the destination became a release by being adopted, and only if it was.
    return replace(saved, current=attempt.origin if attempt.touched else saved.current)


def _once(releases: tuple[Release, ...]) -> tuple[Release, ...]:
    return tuple({one.name: one for one in releases}.values())


def entry(state: State, outcome: Outcome) -> HistoryEntry:
    """The line of history of the update under way."""
    attempt = state.now
    target = attempt.target
    return HistoryEntry(
        id=attempt.id,
        started=attempt.started,
        finished=state.entered,
        outcome=outcome,
        from_hash=attempt.origin.md5 if attempt.origin else None,
        to_hash=target.md5 if target else attempt.md5,
        release=target.name if target else None,
        error=attempt.reason or attempt.remark,
        bytes=target.bytes if target and not attempt.by_hand else 0,
        seconds=attempt.seconds,
        version=target.version if target else None,
        by_hand=attempt.by_hand,
    )
