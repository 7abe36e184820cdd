"""What a step of the table changes in the state, by name.

An effect is a pure ``(state, event) -> state`` and says which events it is for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from dropship.core import events as on
from dropship.core.blame import Blame
from dropship.core.outcome import after_failure, after_success
from dropship.core.phase import Phase
from dropship.core.saved import NEVER_CAME_UP, Attempt, Quarantined
from dropship.core.situation import State, died, installed, meaning
from dropship.core.trouble import blamed, troubled, untroubled
from dropship.core.values import Md5

Failure: TypeAlias = (
    on.StoreFailed
    | on.StageFailed
    | on.TurnFailed
    | on.LeaseLost
    | on.HookFailed
    | on.HookPutOff
    | on.Unhealthy
    | on.FlipFailed
    | on.SaveFailed
)


def same(state: State, _event: on.Event) -> State:
    """Nothing changes."""
    return state


def begin_check(state: State, event: on.Due | on.CheckNow) -> State:
    """A new attempt; what an operator asks for starts with a clean record."""
    fresh = isinstance(event, on.CheckNow)
    forced = isinstance(event, on.CheckNow) and event.force
    attempt = Attempt(id=event.update_id, started=event.at, forced=forced)
    return replace(state, attempt=attempt, moves=0, failures=0 if fresh else state.failures)


def begin_rollback(state: State, event: on.RollBack) -> State:
    """An attempt whose target is on this host already."""
    attempt = Attempt(
        id=event.update_id,
        started=event.at,
        target=event.release,
        origin=state.saved.current,
        by_hand=True,
    )
    return replace(state, attempt=attempt, failures=0, moves=0)


def see(state: State, event: on.TokenSeen) -> State:
    """Take in where the destination really points: the link wins over state."""
    current = installed(state, event)
    saved = replace(state.saved, current=current)
    if event.staged_lost:
        saved = replace(saved, staged=None)
    # Something else to try: what failed before says nothing of it.
    failures = state.failures if event.token == state.seen else 0
    seen = replace(state, saved=saved, seen=event.token, failures=failures)
    return untroubled(seen).attempting(origin=current or event.standing, md5=meaning(state, event))


def settle_unchanged(state: State, event: on.TokenSeen) -> State:
    """The check was good; there is nothing to do."""
    seen = see(state, event)
    md5 = meaning(state, event)
    saved = seen.saved.note(event.token, md5) if md5 else seen.saved
    return _agreed(replace(seen, saved=saved, failures=0), event.version)


def _agreed(state: State, version: str | None) -> State:
    """The store has what is installed, under a new name perhaps: a failure before that is past."""
    saved, current = state.saved, state.saved.current
    if current is None or saved.quarantined(current.md5) is not None:
        return state
    called = replace(current, version=version or current.version)
    return replace(state, saved=replace(saved, current=called, failed=None))


def keep_newer(state: State, event: on.TokenSeen) -> State:
    """What is installed is newer than what the store has: a version that is gone is no downgrade."""
    seen = replace(see(state, event), failures=0)
    there, here = event.version, seen.current.version
    why = f"{here} is installed, and {there}, the newest that is wanted of the store, is older"
    return troubled(seen, f"{why}; allowDowngrade or dropship pin would install it", None)


def use_staged(state: State, event: on.TokenSeen) -> State:
    """What was staged earlier is what the store has."""
    seen = see(state, event)
    staged = seen.saved.staged
    # The first of the tokens is what the store was last known to have.
    saved = seen.saved.note(event.token, staged.md5) if staged and staged.md5 else seen.saved
    return replace(seen, saved=saved).attempting(target=staged)


def go_back_again(state: State, event: on.TokenSeen) -> State:
    """What going back did not manage is tried once more, as if by hand."""
    seen = see(state, event)
    return seen.attempting(target=seen.saved.previous, by_hand=True)


def refuse(state: State, event: on.TokenSeen) -> State:
    """There is something new, and it is not wanted."""
    seen, md5 = see(state, event), meaning(state, event)
    # Whoever wants it tried again all the same asks by what was seen last.
    noted = replace(seen, saved=seen.saved.note(event.token, md5)) if md5 else seen
    return _unwanted(noted, md5, event.marked)


def refuse_staged(state: State, event: on.Staged) -> State:
    """What was staged turns out to be what is not wanted."""
    taken = take_staged(state, event)
    dropped = replace(taken, saved=replace(taken.saved, staged=None))
    return _unwanted(dropped, event.release.md5, event.marked)


def _unwanted(state: State, md5: Md5 | None, marked: str | None) -> State:
    known = state.saved.quarantined(md5)
    cure = "publish another version, or update with --force"
    # What failed here says more than what another host, or this one, told the fleet.
    reason = f"quarantined ({known.reason}); {cure}" if known else marked
    blame = Blame.QUARANTINED if known else Blame.FLEET_FAILED
    return troubled(replace(state, failures=0), reason or "not wanted", blame)


def stay_paused(state: State, event: on.TokenSeen) -> State:
    """There is something new, and updates are stopped."""
    return _paused(see(state, event))


def keep_paused(state: State, event: on.Staged) -> State:
    """What was staged is kept for when updates go on."""
    return _paused(take_staged(state, event))


def _paused(state: State) -> State:
    paused = state.saved.paused
    return troubled(state, f"paused: {paused.reason if paused else ''}", Blame.PAUSED)


def take_staged(state: State, event: on.Staged) -> State:
    """The artifact stands whole in ``releases/``."""
    release = event.release
    saved = state.saved.note(release.token, release.md5) if release.md5 else state.saved
    taken = replace(state, saved=replace(saved, staged=release))
    return untroubled(taken).attempting(target=release)


def drop_same(state: State, event: on.Staged) -> State:
    """The same bytes under a new token are no update."""
    taken = take_staged(state, event)
    saved = replace(taken.saved, staged=None)
    return _agreed(replace(taken, saved=saved, failures=0), event.release.version)


def fail_check(state: State, event: Failure) -> State:
    """The check or the turn came to nothing; what is staged stays."""
    wait = event.wait if isinstance(event, (on.StoreFailed, on.StageFailed)) else 0.0
    failed = replace(state, failures=state.failures + 1, leave_alone=wait)
    return troubled(failed, event.error, blamed(event))


def fail_stage(state: State, event: on.StageFailed) -> State:
    """Staging came to nothing."""
    return fail_check(state, event).attempting(errors=(event.error,))


def fail_corrupt(state: State, event: on.StageFailed) -> State:
    """The bytes did not match; recorded once for each token."""
    failed = fail_stage(state, event)
    return replace(failed, saved=replace(failed.saved, mismatch=event.token))


def fail_doubted(state: State, event: on.StageFailed) -> State:
    """The next time the same bytes are refused for good."""
    failed = fail_stage(state, event)
    return replace(failed, saved=replace(failed.saved, doubted=event.md5))


def fail_refused(state: State, event: on.StageFailed) -> State:
    """Verified bytes break the rules: they will not get better."""
    failed = fail_stage(state, event)
    if event.md5 is None:
        return failed
    fresh = Quarantined(md5=event.md5, reason=event.error, since=event.at)
    saved = failed.saved.quarantining(fresh).note(event.token, event.md5)
    saved = replace(saved, failed=event.error)
    refused = replace(failed, saved=saved).attempting(md5=event.md5)
    return troubled(refused, event.error, Blame.QUARANTINED)


def take_turn(state: State, event: on.Event) -> State:
    """The turn is ours."""
    return replace(state, turn=True, turn_at=event.at).attempting(turn=True)


def move_on(state: State, event: on.TokenSeen) -> State:
    """The store has something newer: the turn is given back while that is staged."""
    seen = see(state, event)
    return replace(seen, moves=state.moves + 1).attempting(target=None)


def note_error(state: State, event: Failure) -> State:
    """One more thing went wrong; the first one is the reason."""
    if state.now.postponed:
        # Putting off is no failure. That what it had stopped did not come back as it was is one.
        state = state.attempting(postponed=False, errors=(), blame=None)
    errors = (*state.now.errors, event.error)
    blame = state.now.blame if state.now.errors else blamed(event)
    return _tell(state.attempting(errors=errors, blame=blame))


def _tell(state: State) -> State:
    """What went wrong is why the update comes to nothing."""
    attempt = state.now
    return troubled(
        state,
        attempt.reason or "failed",
        Blame.QUARANTINED if attempt.quarantine else attempt.blame,
    )


def note_turn_lost(state: State, event: on.TurnLost) -> State:
    """The update is finished here all the same; the history tells."""
    lost = replace(state, turn=False)
    return lost.attempting(remark=f"the turn was lost meanwhile: {event.error}")


def condemn(state: State, event: Failure) -> State:
    """The target was current here and failed."""
    return _tell(note_error(state, event).attempting(quarantine=True))


def put_off(state: State, event: on.HookPutOff) -> State:
    """A hook asked to try the whole update later."""
    return replace(note_error(state, event), failures=state.failures + 1).attempting(postponed=True)


def switched(state: State, _event: on.Event) -> State:
    """The destination points to the target."""
    return state.attempting(flipped=True, touched=True)


def half_switched(state: State, event: on.FlipFailed) -> State:
    """The destination points to the target, and yet the switch failed."""
    return note_error(state, event).attempting(flipped=True, touched=True)


def half_switched_back(state: State, event: on.FlipFailed) -> State:
    """The destination points to what it pointed to before, and yet switching back failed."""
    return note_error(state, event).attempting(flipped=False)


def pass_hook(state: State, event: on.HookFailed) -> State:
    """A failed hook is passed: the next one follows."""
    return replace(state, hook=event.index + 1)


def switched_back(state: State, _event: on.Event) -> State:
    """The destination points to what it pointed to before."""
    return state.attempting(flipped=False)


def succeed(state: State, _event: on.Event) -> State:
    """The new state is on disk."""
    saved = after_success(state)
    good = replace(state, saved=saved, disk=saved, failures=0, tries=0, moves=0)
    return untroubled(good)


def settle(state: State, _event: on.Event) -> State:
    """The outcome is on disk."""
    saved = after_failure(state)
    counted = 0 if state.now.postponed else 1
    settled = replace(state, saved=saved, disk=saved, tries=0, failures=state.failures + counted)
    # A full disk while this was written, an order or a driver's death may have hidden the reason.
    return _tell(settled)


def unsaved(state: State, event: on.SaveFailed) -> State:
    """State could not be written."""
    unwritten = replace(state, tries=state.tries + 1, disk=None)
    return troubled(unwritten, event.error, blamed(event))


def unsaved_idle(state: State, event: on.SaveFailed) -> State:
    """State could not be written, and nothing was under way that it mattered for."""
    return replace(fail_check(state, event), disk=None)


def stop(state: State, _event: on.Event) -> State:
    """It ends as soon as the update has."""
    return replace(state, stopping=True)


def pause(state: State, event: on.Pause) -> State:
    """Updates are stopped from the next gate on."""
    return replace(state, saved=replace(state.saved, paused=event.paused))


def pause_waiting(state: State, event: on.Pause) -> State:
    """As ``pause``; what waits for its turn is at a gate."""
    return _paused(pause(state, event))


def resume(state: State, _event: on.Event) -> State:
    """Updates go on."""
    return replace(state, saved=replace(state.saved, paused=None))


def retry(state: State, _event: on.Event) -> State:
    """No digest is in quarantine here; backoff starts anew.

    What failed and runs all the same (a first install, or a way back that failed) has never come
    up: the next check does not take it for installed, but installs it once more.
    """
    saved = replace(state.saved, quarantine=(), failed=None)
    current = saved.current
    if current is not None and state.saved.quarantined(current.md5) is not None:
        saved = replace(saved, current=replace(current, recipe=NEVER_CAME_UP))
    return untroubled(replace(state, saved=saved, failures=0))


def pin(state: State, event: on.Pin) -> State:
    """The service is held at a version."""
    return replace(state, saved=replace(state.saved, pinned=event.version))


def unpin(state: State, _event: on.Event) -> State:
    """The version follows its constraint again."""
    return replace(state, saved=replace(state.saved, pinned=None))


def pin_anew(state: State, event: on.Pin) -> State:
    """As ``pin``; what is under way was for another version, perhaps, and begins anew."""
    return pin(state, event).attempting(target=None, md5=None)


def unpin_anew(state: State, event: on.Event) -> State:
    """As ``unpin``; likewise."""
    return unpin(state, event).attempting(target=None, md5=None)


def start(state: State, event: on.Started) -> State:
    """A driver took over with nothing under way."""
    return replace(state, saved=event.saved, disk=None if event.mended else event.saved)


def recover(state: State, event: on.Started) -> State:
    """A driver took over an update that another one died in."""
    journal = died(event)
    attempt = journal.attempt
    if journal.phase is Phase.ACTIVATING:
        linked = event.linked_to_target
        attempt = replace(attempt, flipped=linked, touched=attempt.touched or linked)
    return replace(
        start(state, event), attempt=attempt, deaths=journal.deaths + 1, hook=journal.hook
    )


def recover_undo(state: State, event: on.Started) -> State:
    """The update that a driver died in before the switch is taken back."""
    error = "the agent died before the switch"
    undone = recover(state, event).attempting(errors=(error,), blame=None, flipped=False)
    return _tell(replace(undone, deaths=0, hook=0))


def recover_condemned(state: State, event: on.Started) -> State:
    """Five deaths in a phase count as a failure of the release."""
    recovered = recover(state, event)
    error = f"the agent died {recovered.deaths} times in this phase"
    errors = (*recovered.now.errors, error)
    condemned = recovered.attempting(errors=errors, quarantine=True)
    return _tell(replace(condemned, deaths=0, hook=0))
