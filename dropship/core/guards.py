"""The questions that the table asks before it takes a way.

A guard is a pure predicate of the state and the event, and says which events it is for; its name
is what the diagram shows.
"""

from __future__ import annotations

from typing import Final

from dropship.core import version
from dropship.core.events import (
    CheckNow,
    Event,
    FlipFailed,
    HookFailed,
    HookPutOff,
    LeaseLost,
    Staged,
    StageFailed,
    StageFault,
    Stop,
    TokenSeen,
)
from dropship.core.situation import State, installed, meaning
from dropship.core.values import Md5

MOVES_TOLERATED: Final = 2


def always(_state: State, _event: Event) -> bool:
    """No condition."""
    return True


def link_gone(state: State, event: TokenSeen) -> bool:
    """Somebody deleted the destination; the bytes to put back are still wanted."""
    return installed(state, event) is not None and event.linked is None and unchanged(state, event)


def unchanged(state: State, event: TokenSeen) -> bool:
    """What the store has is what is installed, unpacked by today's settings."""
    if state.now.forced:
        return False
    md5 = meaning(state, event)
    current = installed(state, event)
    if current is None:
        assumed = state.facts.assumed if state.saved.current is None else None
        return assumed is not None and assumed in (md5, event.token)
    if current.recipe != state.facts.recipe:
        return False
    return md5 is not None and md5 == current.md5


def older(state: State, event: TokenSeen) -> bool:
    """The store's version comes before the installed one, and nobody said that it may."""
    current, facts = installed(state, event), state.facts
    if facts.downgrades or state.saved.pinned is not None or current is None:
        return False
    if event.version is None or current.version is None:
        return False
    return version.older(facts.order, event.version, current.version)


def older_and_link_gone(state: State, event: TokenSeen) -> bool:
    """Likewise, and somebody deleted the destination."""
    return event.linked is None and older(state, event)


def runs_what_failed(state: State, event: TokenSeen) -> bool:
    """Going back had failed: what is installed is in quarantine, and the store has nothing better."""
    saved, current = state.saved, installed(state, event)
    previous = saved.previous
    return (
        current is not None
        and saved.quarantined(current.md5) is not None
        and previous is not None
        and previous.name != current.name
        and saved.quarantined(previous.md5) is None
        and not event.previous_lost
        and saved.paused is None
        and not state.now.forced
        and (unwanted(state, event) or unchanged(state, event))
    )


def runs_what_failed_in_turn(state: State, event: TokenSeen) -> bool:
    """As ``runs_what_failed``, and a turn must be taken."""
    return runs_what_failed(state, event) and state.facts.sequential


def unwanted(state: State, event: TokenSeen) -> bool:
    """These bytes failed here, or on another host, and nobody insists."""
    return _unwanted(state, meaning(state, event), event.marked)


def unwanted_after_all(state: State, event: Staged) -> bool:
    """Likewise, as only their digest tells."""
    return _unwanted(state, event.release.md5, event.marked)


def _unwanted(state: State, md5: Md5 | None, marked: str | None) -> bool:
    failed_here = md5 is not None and state.saved.quarantined(md5) is not None
    return not state.now.forced and (failed_here or marked is not None)


def paused(state: State, _event: Event) -> bool:
    """An operator stopped updates, and nobody insists."""
    return state.saved.paused is not None and not state.now.forced


def staged_already(state: State, event: TokenSeen) -> bool:
    """What the store has stands in ``releases/`` from an earlier try, fit for use."""
    staged = state.saved.staged
    return (
        staged is not None
        and not event.staged_lost
        and not state.now.forced
        and staged.recipe == state.facts.recipe
        and (staged.token == event.token or staged.md5 == meaning(state, event))
    )


def staged_already_in_turn(state: State, event: TokenSeen) -> bool:
    """As ``staged_already``, and a turn must be taken."""
    return staged_already(state, event) and state.facts.sequential


def same_bytes(state: State, event: Staged) -> bool:
    """What was staged is what is installed, and nobody insists."""
    if state.now.forced:
        return False
    current = state.saved.current
    if current is None and state.now.origin is None:
        assumed = state.facts.assumed
        return assumed is not None and assumed in (event.release.md5, event.release.token)
    return (
        current is not None
        and state.now.origin == current
        and current.md5 == event.release.md5
        and current.recipe == event.release.recipe
    )


def in_turn(state: State, _event: Event) -> bool:
    """A turn must be taken."""
    return state.facts.sequential


def by_hand(state: State, _event: Event) -> bool:
    """An operator chose the release: the store has no say."""
    return state.now.by_hand


def moved_on(state: State, event: TokenSeen) -> bool:
    """The store has something newer than what is staged, and not for the third time in a row."""
    if state.moves >= MOVES_TOLERATED:
        return False
    return event.token != state.target.token and meaning(state, event) != state.target.md5


def nothing_to_protect(state: State, event: HookFailed) -> bool:
    """A first install, and the hook's ``abort`` is not written out."""
    return state.now.origin is None and not event.abort


def recorded_already(state: State, event: StageFailed) -> bool:
    """The same wrong bytes as the last time."""
    return corrupt(state, event) and event.token == state.saved.mismatch


def corrupt(_state: State, event: StageFailed) -> bool:
    """The bytes are not what the store promised."""
    return event.fault is StageFault.CORRUPT


def refused(_state: State, event: StageFailed) -> bool:
    """Verified bytes that break the rules."""
    return event.fault is StageFault.REFUSED


def doubted(_state: State, event: StageFailed) -> bool:
    """Bytes that break the rules, and may have been damaged on their way."""
    return event.fault is StageFault.DOUBTED


def linked(_state: State, event: FlipFailed) -> bool:
    """The switch failed, and yet the destination points to the release."""
    return event.linked


def insists(_state: State, event: CheckNow) -> bool:
    """The operator wants it whatever stands in the way."""
    return event.force


def hard(_state: State, event: Stop) -> bool:
    """Now, whatever is under way."""
    return event.hard


def postponed(state: State, _event: Event) -> bool:
    """A hook had put the update off: nobody needs to be told of a failure."""
    return state.now.postponed


def marks(state: State, _event: Event) -> bool:
    """The fleet is to know that these bytes failed here."""
    return state.now.turn and state.now.quarantine


def first_install(state: State, _event: Event) -> bool:
    """There is nothing to go back to."""
    return state.now.origin is None


def nothing_ran(_state: State, event: HookPutOff | LeaseLost) -> bool:
    """No hook of this update has begun: there is nothing to undo."""
    return not event.hooks_ran


def unwritten(state: State, _event: Event) -> bool:
    """The last try to write the state has failed, and no other is under way."""
    return state.awaiting == 0


def verifies(state: State, _event: Event) -> bool:
    """There are health checks."""
    return state.facts.verifies


def keeps_turn(state: State, _event: Event) -> bool:
    """A turn is held and is to be kept for a while."""
    return state.turn and state.facts.holds and not state.stopping
