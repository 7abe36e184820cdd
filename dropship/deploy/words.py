"""What the log says of an update: one line a transition, in words an operator uses."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Final

from dropship.core import events as on
from dropship.core import guards
from dropship.core.phase import Phase
from dropship.core.saved import HistoryEntry, Outcome
from dropship.core.situation import State
from dropship.core.update import BUSY
from dropship.deploy.desk import Answer, Verdict
from dropship.deploy.phases import SAID
from dropship.log import hide

UNFINISHED: Final = Answer(Verdict.FAILED, "interrupted; the next start goes on with it")
"""What came of an order whose update was left in the middle."""

_QUIET: Final = (on.StoreFailed, on.StageFailed, on.TurnFailed)
_BACK: Final = (Phase.UNDO_BEFORE, Phase.UNDO_FLIP, Phase.UNDO_AFTER, Phase.UNDO_VERIFY)
_ORDERED: Final = {
    on.Pause: "paused",
    on.Resume: "resumed",
    on.Retry: "quarantine lifted",
    on.Pin: "pinned",
    on.Unpin: "not pinned any more",
}


def log_step(
    log: logging.LoggerAdapter[logging.Logger],
    before: State,
    after: State,
    event: on.Event,
    *,
    empty: bool,
) -> None:
    """One line for a transition, and for an operator's word that was taken.

    Nothing at INFO for a check that found nothing new, nor for a phase with nothing to do
    (``empty``: it has no hooks).
    """
    extra = fields(after)
    error = getattr(event, "error", "")
    if error and not isinstance(event, _QUIET):
        where = "going back: " if before.phase in _BACK else ""
        log.warning("%s%s", where, error, extra=fields(before))
    if type(event) in _ORDERED and after != before:
        log.info("%s%s", _ORDERED[type(event)], _details(event), extra=extra)
    if after.phase is before.phase:
        return
    said = _at_rest(before, event) if after.phase is Phase.IDLE else SAID.get(after.phase)
    if said is None or empty:
        log.debug("%s after %s", after.phase.value, type(event).__name__, extra=extra)
    else:
        log.info("%s%s", said, _towards(after), extra=extra)


def _at_rest(before: State, event: on.Event) -> str | None:
    """What brought an end that no line of history tells."""
    if isinstance(event, on.Staged) and guards.same_bytes(before, event):
        return "these bytes are installed already; nothing to do"
    return "gave the turn back" if before.phase is Phase.HOLDING else None


def _details(event: on.Event) -> str:
    if isinstance(event, on.Pause):
        by = f" by {event.paused.by}" if event.paused.by else ""
        return f"{by}: {event.paused.reason}" if event.paused.reason else by
    return f" to {event.version}" if isinstance(event, on.Pin) else ""


def _towards(state: State) -> str:
    """Which release a switch is to."""
    attempt = state.attempt
    ends = {Phase.ACTIVATING: "target", Phase.UNDO_FLIP: "origin"}
    release = getattr(attempt, ends[state.phase]) if state.phase in ends else None
    return f" to {release.name}" if release else ""


def log_outcome(log: logging.LoggerAdapter[logging.Logger], entry: HistoryEntry) -> None:
    """How an update ended."""
    extra = {"release": entry.release or "", "phase": "done"}
    if entry.outcome == "updated":
        took = entry.finished - entry.started
        version = f" (version {entry.version})" if entry.version else ""
        log.info("updated to %s%s in %.1f s", entry.release, version, took, extra=extra)
        return
    level = logging.WARNING if entry.outcome == "postponed" else logging.ERROR
    log.log(level, "%s: %s", entry.outcome.replace("-", " "), entry.error, extra=extra)


def busy(state: State, *, insists: bool) -> str | None:
    """Why nothing can be begun now, if it cannot; who ``insists`` need not wait for ``updateTTL``."""
    if state.phase not in BUSY or (state.phase is Phase.HOLDING and insists):
        return None
    return f"busy: {SAID.get(state.phase, state.phase.value)}"


def came_of(
    state: State, outcome: Outcome | None, *, refused: bool, by_hand: bool, took_back: bool
) -> Answer:
    """What came of an order, now that ``state`` is at rest.

    ``outcome``: how its update ended, if there was one. ``refused``: something new was not taken.
    ``by_hand``: it was to an earlier release. ``took_back``: so it was, but nobody asked for that.
    """
    current = state.saved.current
    runs = f"{current.name} is current" if current else "nothing is installed"
    if state.phase is Phase.STOPPED and outcome is None:
        return Answer(Verdict.FAILED, f"interrupted; {runs}")
    if state.trouble is None and took_back:
        return Answer(Verdict.REFUSED, f"not updated: what the store has failed here; {runs} again")
    if state.trouble is None:
        went = "went back" if by_hand else outcome or "up to date"
        return Answer(Verdict.GOOD, f"{went}, {runs}")
    if refused or outcome == "postponed":
        return Answer(Verdict.REFUSED, f"not updated: {state.trouble}; {runs}")
    return Answer(Verdict.FAILED, f"failed: {state.trouble}; {runs}")


def discreet(event: on.Event) -> on.Event:
    """The event without secrets: what it tells ends in state, journal, history and ``status``."""
    told = {name: getattr(event, name, None) for name in ("error", "marked")}
    hidden: dict[str, Any] = {name: hide(text) for name, text in told.items() if text}
    return replace(event, **hidden) if hidden else event


def fields(state: State) -> dict[str, str]:
    """The fields of an event of the log."""
    target = state.attempt.target if state.attempt else None
    return {"release": target.name if target else "", "phase": state.phase.value}
