"""What is to be said of a service besides its row in ``status``: why, who, how far, what next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dropship.agent.answers import (
    PausedAnswer,
    ServiceAnswer,
    TurnAnswer,
    WorkerAnswer,
    seconds_of,
)
from dropship.agent.words import fate
from dropship.cli.bar import downloading
from dropship.cli.plain import one_line
from dropship.cli.spans import ago, clock, span
from dropship.cli.view import Style, View
from dropship.core.values import Size
from dropship.deploy.phases import doing

_DIGESTS: Final = 3
_BUSY: Final = ("staging", "waiting", "updating", "verifying", "holding", "rolling-back")


class Note(NamedTuple):
    """A sentence, in the colour of its weight."""

    words: str
    style: Style


def notes(one: ServiceAnswer, view: View, now: float, *, detail: bool) -> Iterator[Note]:
    """The most important first. ``detail``: also what is as it should be."""
    if one.state == "crashed":
        yield Note(_crash(one, now), "bad")
    if one.state in _BUSY:
        yield Note(_doing(one, view, now), "busy")
    elif one.state != "crashed" and one.worker and one.worker.note:
        yield Note(f"by hand: {one_line(one.worker.note)}", "busy")
    error = complaint(one)
    if error and one.state != "crashed":  # which is the error, and has been told
        yield Note(f"error: {one_line(error)}", _weight(one))
    if one.paused:
        yield Note(_pause(one.paused, now), "warn")
    if one.quarantined:
        yield Note(f"quarantined: {_digests(one, view)}", "warn")
    if one.pinned:
        yield Note(f"held at {one_line(one.pinned)}", "warn")
    if one.worker and one.worker.restarts and one.state != "crashed":
        yield Note(_restarts(one.worker), "dim")
    if detail:
        yield from _details(one, view, now)


def complaint(one: ServiceAnswer) -> str | None:
    """What went wrong last. That it is paused was somebody's wish, and is told as such."""
    wished = one.paused is not None and (one.last_error or "").startswith("paused")
    return None if wished else one.last_error


def _weight(one: ServiceAnswer) -> Style:
    return "bad" if one.state in ("failed", "crashed", "blocked") else "warn"


def _crash(one: ServiceAnswer, now: float) -> str:
    how = one_line(one.worker.last_exit or "") if one.worker else ""
    deaths = one.worker.deaths if one.worker else 0
    wait = seconds_of(one.next_check) - now if one.next_check else None
    died = f"its worker died: {how}" if how else "its worker died"
    return f"{fate(died, deaths, wait)}{_times(one)}"


def _times(one: ServiceAnswer) -> str:
    count = one.worker.restarts if one.worker else 0
    return f" ({count} restart{'' if count == 1 else 's'} so far)" if count else ""


def _restarts(worker: WorkerAnswer) -> str:
    how = one_line(worker.last_exit or "")
    times = "once" if worker.restarts == 1 else f"{worker.restarts} times"
    return f"its worker was restarted {times}{f'; the last one: {how}' if how else ''}"


def _pause(paused: PausedAnswer, now: float) -> str:
    by = f" by {one_line(paused.by)}" if paused.by else ""
    reason = f": {one_line(paused.reason)}" if paused.reason else ""
    return f"paused{by} {ago(paused.since, now)}{reason}"


def _doing(one: ServiceAnswer, view: View, now: float) -> str:
    if one.turn is not None and not one.turn.held:
        return _waiting(one.turn, now)
    if one.progress is not None:
        return downloading(one.progress.bytes, one.progress.total, view)
    worker = one.worker
    if worker is None:
        return one.state
    note = f" ({one_line(worker.note)})" if worker.note else ""
    long = f", for {span(now - seconds_of(worker.since))} now" if worker.since else ""
    other = worker.release if worker.release != one.release else None
    release = f"; the release is {one_line(other)}" if other else ""
    return f"{doing(worker.phase) or one.state}{note}{long}{release}"


def _waiting(turn: TurnAnswer, now: float) -> str:
    names = ", ".join(map(one_line, turn.waiting_for))
    has = f"; {names} {'has' if len(turn.waiting_for) == 1 else 'have'} it" if names else ""
    long = f" for {span(now - seconds_of(turn.since))}" if turn.since else ""
    return f"waiting for its turn (lock {one_line(turn.lock)}){long}{has}"


def _digests(one: ServiceAnswer, view: View) -> str:
    if view.width is None:
        return ", ".join(map(one_line, one.quarantined))
    shown = [one_line(digest)[:12] for digest in one.quarantined[-_DIGESTS:]]
    more = len(one.quarantined) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _details(one: ServiceAnswer, view: View, now: float) -> Iterator[Note]:
    if one.installed_at:
        yield Note(f"installed {clock(one.installed_at, view.zone)}", "dim")
    if one.previous:
        yield Note(f"previous: {one_line(one.previous)}", "dim")
    if one.last_check:
        yield Note(f"last check: {ago(one.last_check, now)}", "dim")
    worker = one.worker
    if worker is not None and worker.pid is not None:
        memory = f", {Size(worker.rss)}" if worker.rss is not None else ""
        cpu = f", {span(worker.cpu)} of CPU" if worker.cpu is not None else ""
        yield Note(f"worker: process {worker.pid}{memory}{cpu}", "dim")
