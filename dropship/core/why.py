"""Why a service does not follow its store: the first thing that keeps it from doing so.

Pure: it chooses among what is known, in the order of ``_RULES``: what is broken on this host; an
update under way; what an operator decided; what the last check or update came to; whether anybody
looks at all; what is worth a word although all is well.

``up_to_date`` and ``reason`` answer two questions. The first: is what is installed what the store
had when last asked, as far as anybody knows? Nothing installed is not, and neither is anything
after a check that came to nothing. The second: what keeps the service from following the store
from now on? So a service can be up to date and paused, pinned, holding its turn, or looked at by
nobody. Without a reason it is up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from dropship.core.blame import Blame, marking_host, was_left_by_hand
from dropship.core.phase import Phase
from dropship.core.saved import Quarantined, Saved

Moment: TypeAlias = Callable[[float], str]
"""Seconds since the epoch in words."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a service. Times are seconds since the epoch.

    Attributes:
        saved: Its state; an empty one where there is none, or none that can be read.
        assumed: The configuration says what is installed (``hash``), for as long as state does
            not.
        unreadable: Why state or journal cannot be read.
        cut_off: What is to be said of an update that was begun and that no worker drives.
        agent: An agent runs.
        crashed: How its worker died, while there is no new one.
        phase: What its worker does; None if it does nothing, or there is none.
        trouble: Why the last check or update came to nothing, as its worker says; None or empty
            if it does not say so, or there is none.
        blame: What ``trouble`` is put down to.
        waits_for: Who has the turn that is waited for.
        waits_since: Since when it is waited for.
        checked: When the store was last asked.
        next: When the service is looked at next.
    """

    saved: Saved = Saved()
    assumed: bool = False
    unreadable: str | None = None
    cut_off: str | None = None
    agent: bool = False
    crashed: str | None = None
    phase: Phase | None = None
    trouble: str | None = None
    blame: Blame | None = None
    waits_for: tuple[str, ...] = ()
    waits_since: float | None = None
    checked: float | None = None
    next: float | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """The answer.

    Attributes:
        up_to_date: What is installed is what the store had when last asked, as far as known.
        reason: What keeps the service from following the store, in words; None if nothing does.
        code: The same by the contract's codes; None where none fits.
        owner: Whose move it is; None without a reason.
        next: When the service is looked at next, seconds since the epoch.
    """

    up_to_date: bool
    reason: str | None = None
    code: Blame | None = None
    owner: str | None = None
    next: float | None = None


@dataclass(frozen=True, slots=True)
class _Finding:
    reason: str
    code: Blame | None
    owner: str


_Rule: TypeAlias = Callable[[Evidence, Moment], _Finding | None]

# Whose move it is, where no name is known.
AGENT: Final = "this host's agent"
HOST: Final = "whoever runs this host"
PUBLISHER: Final = "whoever publishes the artifact"

_OWNERS: Final[Mapping[Blame, str]] = MappingProxyType(
    {
        Blame.FLEET_FAILED: "another host of the fleet",
        Blame.WAITING_TURN: "the lock",
        Blame.STORE: "the store",
        Blame.HOOK: "the author of the hook",
    }
)

# The service is touched: an update that has come so far is finished whatever anybody decides.
_SWITCHING: Final[Mapping[Phase, str]] = MappingProxyType(
    {
        Phase.BEFORE: "an update is under way: its before hooks run",
        Phase.ACTIVATING: "an update is under way: the new release is switched to",
        Phase.AFTER: "an update is under way: its after hooks run",
        Phase.VERIFYING: "an update is under way: its health is checked",
        Phase.COMMITTING: "an update is under way: it works and is written down",
        Phase.UNDO_BEFORE: "an update is taken back: the before hooks run",
        Phase.UNDO_FLIP: "an update is taken back: the release before is switched to",
        Phase.UNDO_AFTER: "an update is taken back: the after hooks run",
        Phase.UNDO_VERIFY: "an update is taken back: health is checked",
        Phase.UNDO_NOTIFY: "an update failed: the failed hooks run",
        Phase.SETTLING: "an update came to nothing: that is written down",
    }
)
_PREPARING: Final[Mapping[Phase, str]] = MappingProxyType(
    {
        Phase.STAGING: "something new is being downloaded and unpacked",
        Phase.RECHECKING: "it has its turn; the store is asked once more",
    }
)
_BUSY: Final = frozenset({*_SWITCHING, *_PREPARING, Phase.WAITING})


def why(known: Evidence, moment: Moment) -> Why:
    """The first thing that keeps a service from following its store."""
    found = next((one for rule in _RULES if (one := rule(known, moment)) is not None), None)
    current = _current(known)
    if found is None:
        return Why(current, next=known.next)
    return Why(current, found.reason, found.code, found.owner, known.next)


def _current(known: Evidence) -> bool:
    """What is installed is what the store had when last asked, as far as known."""
    broken = known.unreadable is not None or known.cut_off is not None
    if broken or known.trouble or known.phase in _BUSY:
        return False
    good = known.saved.failed is None or _told(known)
    current = known.saved.current
    if current is None:
        return known.assumed and good
    behind = bool(known.saved.tokens) and known.saved.tokens[0].md5 != current.md5
    elsewhere = known.saved.pinned not in (None, current.version) and current.version is not None
    return good and not behind and not elsewhere and _condemned(known.saved) is None


def _told(known: Evidence) -> bool:
    """A worker has looked; what it says outdoes what state says of an earlier failure."""
    looks_again = known.phase is Phase.CHECKING and known.checked is not None
    return looks_again or known.phase in (Phase.IDLE, Phase.HOLDING)


def _condemned(saved: Saved) -> Quarantined | None:
    """The quarantine of what the store had when last asked."""
    return saved.quarantined(saved.tokens[0].md5) if saved.tokens else None


# --- the rules, in their order ------------------------------------------------------------------


def _unreadable(known: Evidence, _moment: Moment) -> _Finding | None:
    return _host(known.unreadable) if known.unreadable is not None else None


def _crashed(known: Evidence, _moment: Moment) -> _Finding | None:
    words = f"its worker died: {known.crashed}" if known.crashed else "its worker died"
    return _host(words) if known.crashed is not None else None


def _cut_off(known: Evidence, _moment: Moment) -> _Finding | None:
    return _host(known.cut_off) if known.cut_off is not None else None


def _switching(known: Evidence, _moment: Moment) -> _Finding | None:
    return _doing(known, _SWITCHING)


def _paused(known: Evidence, moment: Moment) -> _Finding | None:
    paused = known.saved.paused
    if paused is None:
        return None
    text = f": {paused.reason}" if paused.reason else ""
    words = f"paused since {moment(paused.since)}{text}"
    return _Finding(words, Blame.PAUSED, paused.by or HOST)


def _preparing(known: Evidence, _moment: Moment) -> _Finding | None:
    return _doing(known, _PREPARING)


def _waiting(known: Evidence, moment: Moment) -> _Finding | None:
    if known.phase is not Phase.WAITING:
        return None
    names = ", ".join(known.waits_for)
    since = f" since {moment(known.waits_since)}" if known.waits_since is not None else ""
    has = f"; {names} {'has' if len(known.waits_for) == 1 else 'have'} it" if names else ""
    words = f"waits for its turn{since}{has}"
    return _Finding(words, Blame.WAITING_TURN, names or _OWNERS[Blame.WAITING_TURN])


def _quarantined(known: Evidence, moment: Moment) -> _Finding | None:
    """As state knows it, with its time; or as the worker said, where that is about others."""
    if known.trouble and known.blame is not Blame.QUARANTINED:
        return None
    words, found = known.trouble, _condemned(known.saved)
    if found is not None and (not words or found.reason in words):
        words = f"quarantined since {moment(found.since)}: {found.reason}"
    owner = HOST if found is not None and was_left_by_hand(found.reason) else PUBLISHER
    return _Finding(words, Blame.QUARANTINED, owner) if words else None


def _troubled(known: Evidence, _moment: Moment) -> _Finding | None:
    words, blame = known.trouble, known.blame
    # Said while it was paused, and it is not any more: a check is about to follow.
    if not words or blame is Blame.PAUSED:
        return None
    if blame is None:
        return _host(words)
    owner = _OWNERS.get(blame, HOST)
    if blame is Blame.FLEET_FAILED:
        owner = marking_host(words) or owner
    if blame is Blame.HOOK:
        # What failed is in state; what a hook put off is not.
        said = "failed" if known.saved.failed == words else "was put off"
        words = f"the update {said}: {words}"
    return _Finding(words, blame, owner)


def _failed(known: Evidence, _moment: Moment) -> _Finding | None:
    failed = known.saved.failed
    if failed is None or _told(known):
        return None
    return _host(f"the last update failed: {failed}")


def _unattended(known: Evidence, _moment: Moment) -> _Finding | None:
    if not known.agent:
        return _host("no agent runs, so nobody looks for something new")
    if known.phase in (None, Phase.STOPPED):
        return _host("the agent has no worker for it, so nobody looks for something new")
    return None


def _unasked(known: Evidence, _moment: Moment) -> _Finding | None:
    if known.phase is Phase.STARTING:
        return _Finding("its worker has just started", None, AGENT)
    if known.phase is Phase.CHECKING and known.checked is None:
        return _Finding("the store is being asked", None, AGENT)
    return None


def _outdated(known: Evidence, _moment: Moment) -> _Finding | None:
    if _current(known):
        return None
    there = known.saved.current is not None
    words = "something new is to be installed" if there else "nothing is installed yet"
    return _Finding(words, None, AGENT)


def _holding(known: Evidence, _moment: Moment) -> _Finding | None:
    if known.phase is not Phase.HOLDING:
        return None
    return _Finding("keeps its turn until updateTTL is over", Blame.HOLDING, AGENT)


def _pinned(known: Evidence, _moment: Moment) -> _Finding | None:
    pinned = known.saved.pinned
    return _Finding(f"held at {pinned}", Blame.PINNED, HOST) if pinned is not None else None


def _host(words: str) -> _Finding:
    return _Finding(words, None, HOST)


def _doing(known: Evidence, phases: Mapping[Phase, str]) -> _Finding | None:
    words = phases.get(known.phase) if known.phase is not None else None
    return _Finding(words, None, AGENT) if words is not None else None


_RULES: Final[tuple[_Rule, ...]] = (
    _unreadable, _crashed, _cut_off,
    _switching,
    _paused,
    _preparing, _waiting,
    _quarantined, _troubled, _failed,
    _unattended, _unasked,
    _outdated, _holding, _pinned,
)  # fmt: skip
