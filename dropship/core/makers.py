"""The commands that the table gives, by name: each made of the state after the step's effect."""

from __future__ import annotations

from typing import Final

from dropship.core import commands as do
from dropship.core.outcome import after_failure, after_success, entry
from dropship.core.phase import Phase
from dropship.core.saved import Journal
from dropship.core.situation import State

PUT_OFF_SECONDS: Final = 60.0
# What a store may ask for: it need not be in its right mind.
LEFT_ALONE_SECONDS: Final = 3600.0


def journal(state: State) -> do.Command:
    """Write where we are; best effort."""
    entry = Journal(state.phase, state.now, state.hook, state.deaths)
    return do.WriteJournal(entry)


def journal_or_not_at_all(state: State) -> do.Command:
    """Write where we are before anything is touched; without it the update does not go on.

    What the switch will ask for is written out now, while the service is still up.
    """
    entry = Journal(state.phase, state.now, state.hook, state.deaths)
    if state.phase is not Phase.BEFORE:
        return do.WriteJournal(entry, required=True)
    planned, switching = after_success(state), Journal(Phase.ACTIVATING, state.now)
    return do.WriteJournal(entry, required=True, next=planned, following=switching)


def remove_journal(_state: State) -> do.Command:
    """No step is in flight."""
    return do.RemoveJournal()


def sweep(_state: State) -> do.Command:
    """Clear what a dead driver left."""
    return do.Sweep()


def save(state: State) -> do.Command:
    """Write the state."""
    return do.Save(state.saved)


def check_at_once(_state: State) -> do.Command:
    """Check now."""
    return do.ArmCheck(do.Pace.NOW)


def check_later(_state: State) -> do.Command:
    """Check after the interval."""
    return do.ArmCheck(do.Pace.INTERVAL)


def back_off(state: State) -> do.Command:
    """Check after a while that grows with every failure, and not before the store wants it."""
    at_least = min(state.leave_alone, LEFT_ALONE_SECONDS)
    return do.ArmCheck(do.Pace.BACKOFF, state.failures, at_least=at_least)


def back_off_a_minute(state: State) -> do.Command:
    """As ``back_off``, a minute at least."""
    return do.ArmCheck(do.Pace.BACKOFF, state.failures, at_least=PUT_OFF_SECONDS)


def back_off_settled(state: State) -> do.Command:
    """As ``back_off``; a minute at least where a hook put the update off."""
    at_least = PUT_OFF_SECONDS if state.now.postponed else 0.0
    return do.ArmCheck(do.Pace.BACKOFF, state.failures, at_least=at_least)


def hold(_state: State) -> do.Command:
    """Keep the turn for ``updateTTL``."""
    return do.ArmHold()


def save_again(state: State) -> do.Command:
    """Try to write the state again soon."""
    return do.ArmRetry(state.tries)


def put_back(state: State) -> do.Command:
    """Make the destination point to the current release again."""
    return do.PutBack(state.current)


def discard(state: State) -> do.Command:
    """Delete what was staged."""
    return do.Discard(state.target)


def ask(_state: State) -> do.Command:
    """Ask the store."""
    return do.Ask()


def stage(_state: State) -> do.Command:
    """Download, verify, unpack."""
    return do.Stage()


def wait_turn(_state: State) -> do.Command:
    """Wait for the turn."""
    return do.TakeTurn()


def leave_turn(_state: State) -> do.Command:
    """Give the turn back."""
    return do.LeaveTurn()


def run_before(state: State) -> do.Command:
    """Run the ``before`` hooks, the turn made sure of."""
    return do.RunHooks(kind="before", first=state.hook, fenced=True)


def run_after(state: State) -> do.Command:
    """Run the ``after`` hooks."""
    return do.RunHooks(kind="after", first=state.hook)


def run_before_undo(state: State) -> do.Command:
    """Stop the new release: ``before`` hooks of going back."""
    return do.RunHooks(kind="before", first=state.hook, rollback=True)


def run_after_undo(state: State) -> do.Command:
    """Start the old release: ``after`` hooks of going back."""
    return do.RunHooks(kind="after", first=state.hook, rollback=True)


def run_failed(state: State) -> do.Command:
    """Tell people."""
    return do.RunHooks(kind="failed", first=state.hook, rollback=True)


def flip(state: State) -> do.Command:
    """Make the target current."""
    origin = state.now.origin
    adopt = (
        origin if origin is not None and origin.adopted and origin != state.saved.current else None
    )
    return do.Flip(release=state.target, adopt=adopt, fenced=True)


def flip_back(state: State) -> do.Command:
    """Make the release before current again."""
    return do.Flip(release=state.origin)


def check_health(_state: State) -> do.Command:
    """Look whether the new release works."""
    return do.CheckHealth()


def check_health_undo(_state: State) -> do.Command:
    """Look whether the old release works; only noted."""
    return do.CheckHealth(rollback=True)


def commit(state: State) -> do.Command:
    """Make the target current in state."""
    return do.Commit(saved=after_success(state))


def commit_failure(state: State) -> do.Command:
    """Write the outcome of going back."""
    return do.Commit(saved=after_failure(state))


def record_updated(state: State) -> do.Command:
    """A line of history: it worked."""
    return do.Record(entry(state, "updated"))


def record_settled(state: State) -> do.Command:
    """A line of history: it did not work."""
    attempt = state.now
    if attempt.postponed:
        return do.Record(entry(state, "postponed"))
    back = attempt.quarantine and not attempt.flipped
    return do.Record(entry(state, "rolled-back" if back else "failed"))


def record_postponed(state: State) -> do.Command:
    """A line of history: a hook put it off."""
    return do.Record(entry(state, "postponed"))


def record_failed(state: State) -> do.Command:
    """A line of history: the bytes did not match."""
    return do.Record(entry(state, "failed"))


def record_refused(state: State) -> do.Command:
    """A line of history: the archive breaks the rules."""
    return do.Record(entry(state, "refused"))


def mark(state: State) -> do.Command:
    """Tell the fleet."""
    return do.Mark(state.target, state.now.errors[0] if state.now.errors else "failed")


def prune(state: State) -> do.Command:
    """Delete old releases."""
    return do.Prune(state.saved)


def say_refused(state: State) -> do.Command:
    """Say why nothing is updated."""
    return do.Refuse(state.trouble or "refused")


def cancel(_state: State) -> do.Command:
    """Call off what is under way."""
    return do.Cancel()


def leave(_state: State) -> do.Command:
    """End, all well."""
    return do.Exit(0)


def leave_unfinished(_state: State) -> do.Command:
    """End; the journal stays for the next start."""
    return do.Exit(1)
