"""The table of an update: complete, and safe on every path that events can take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropship.core import commands as do
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Attempt, Journal, Paused, Quarantined, Saved
from dropship.core.situation import Facts, State
from dropship.core.update import BUSY, IGNORED, TABLE, TOUCHED, step
from dropship.core.values import Digest, Md5, Release, Token


def release(letter: str, **more: object) -> Release:
    """A release whose md5 is one letter 32 times."""
    made = Release(f"r-{letter}", Digest(Md5(letter * 32), letter * 64), Token(f"t-{letter}"))
    return replace(made, **more)  # type: ignore[arg-type]  # replace() checks the names itself


A, B, C = release("a"), release("b"), release("c")
ADOPTED = Release("adopted-x")
RELEASES = {"a": A, "b": B, "c": C}
ALL_EVENTS = tuple(
    one
    for one in vars(on).values()
    if isinstance(one, type) and issubclass(one, on.Event) and one not in (on.Event, on.Completion)
)
COMPLETIONS = {
    do.Ask: (on.TokenSeen, on.StoreFailed),
    do.Stage: (on.Staged, on.StageFailed),
    do.TakeTurn: (on.TurnTaken, on.TurnFailed),
    do.RunHooks: (on.HooksPassed, on.HookFailed, on.HookPutOff, on.LeaseLost),
    do.Flip: (on.Flipped, on.FlipFailed, on.LeaseLost),
    do.CheckHealth: (on.Healthy, on.Unhealthy),
    do.Commit: (on.Committed, on.SaveFailed),
}


def started(saved: Saved | None = None, **facts: object) -> State:
    """A driver that has just taken over, idle, a check due."""
    state = State(Facts(**facts))  # type: ignore[arg-type]  # names are checked by Facts
    return step(state, on.Started(saved=saved or Saved()))[0]


def feed(state: State, *happened: on.Event) -> tuple[State, tuple[do.Command, ...]]:
    """Several events in a row, completions given the id that is awaited."""
    commands: tuple[do.Command, ...] = ()
    for event in happened:
        if isinstance(event, on.Completion):
            event = replace(event, id=state.awaiting)  # noqa: PLW2901 - the id is not the test's business
        state, commands = step(state, event)
    return state, commands


def kinds(commands: tuple[do.Command, ...]) -> list[str]:
    """The names of commands."""
    return [type(one).__name__ for one in commands]


def seen(one: Release, **more: object) -> on.TokenSeen:
    """The store has this."""
    return on.TokenSeen(token=one.token, **more)  # type: ignore[arg-type]  # names are checked by TokenSeen


def test_every_pair_of_phase_and_event_is_in_the_table_or_ignored_with_a_reason() -> None:
    """No event can come at a time nobody thought of."""
    in_table = {(row.phase, row.event) for row in TABLE}
    ignored = {
        (phase, event) for group in IGNORED for phase in group.phases for event in group.events
    }
    pairs = set(product(Phase, ALL_EVENTS))
    assert pairs - in_table - ignored == set()
    assert in_table & ignored == set()
    assert (in_table | ignored) <= pairs
    assert all(group.reason for group in IGNORED)


def test_no_pair_is_ignored_twice() -> None:
    """Each pair has one reason."""
    said = [(phase, event) for group in IGNORED for phase in group.phases for event in group.events]
    assert len(said) == len(set(said))


def test_every_row_can_be_reached_by_its_guard_order() -> None:
    """No row stands behind one of the same phase and event that always matches."""
    for index, row in enumerate(TABLE):
        behind = [
            one for one in TABLE[index + 1 :] if (one.phase, one.event) == (row.phase, row.event)
        ]
        assert not (row.guard.__name__ == "always" and behind), row


def test_every_row_pairs_its_event_with_a_guard_and_an_effect_that_are_for_it() -> None:
    """What the types of the table cannot say."""
    for row in TABLE:
        for function in (row.guard, row.effect):
            accepted = list(get_type_hints(function).values())[1]
            kinds_of_event = get_args(accepted) or (accepted,)
            assert issubclass(row.event, kinds_of_event), (row, function)


def test_rest_has_an_end_in_time() -> None:
    """Whoever comes to rest checks again, so one that is stuck by then is found out."""
    for row in TABLE:
        if row.next is Phase.IDLE is not row.phase:
            names = [maker.__name__ for maker in row.makers]
            assert names[-1].startswith(("check_later", "check_at_once", "back_off")), (row, names)


def test_order_that_ends_a_phase_calls_off_what_is_out_before_anything_else() -> None:
    """Only where nothing long is out there is nothing to call off."""
    resting = (Phase.IDLE, Phase.HOLDING)
    for row in TABLE:
        leaves = row.next is not row.phase and row.phase not in resting
        if leaves and not issubclass(row.event, (on.Completion, on.Started)):
            assert row.makers[0].__name__ == "cancel", row


def test_retry_that_comes_while_the_state_is_being_written_is_not_a_second_one() -> None:
    """One long command at a time."""
    state, _ = feed(staged_over(A, B), on.HooksPassed(), on.Flipped(), on.HooksPassed())
    assert feed(state, on.RetryDue())[1] == ()
    state, _ = feed(state, on.SaveFailed(error="full"))
    state, commands = feed(state, on.RetryDue())
    assert kinds(commands) == ["Commit"]
    assert feed(state, on.RetryDue())[1] == ()


def test_store_is_left_alone_for_as_long_as_it_wants_and_not_for_ever() -> None:
    """By the check after the failed one; the backoff of the next failure is its own."""
    begun = started(Saved(current=A))
    state, commands = feed(begun, on.Due(), on.StoreFailed(error="429", wait=77.0))
    assert commands[-1] == do.ArmCheck(do.Pace.BACKOFF, 1, at_least=77.0)
    state, commands = feed(state, on.Due(), on.StoreFailed(error="503"))
    assert commands[-1] == do.ArmCheck(do.Pace.BACKOFF, 2)
    state, commands = feed(state, on.Due(), on.StoreFailed(error="503", wait=1e9))
    assert commands[-1] == do.ArmCheck(do.Pace.BACKOFF, 3, at_least=3600.0)
    staged = on.StageFailed(fault=on.StageFault.TRANSIENT, error="503", wait=5.0)
    state, commands = feed(state, on.Due(), seen(B, linked=A), staged)
    assert commands[-1] == do.ArmCheck(do.Pace.BACKOFF, 1, at_least=5.0)


# --- versions ----------------------------------------------------------------------------------

OLD, NEW = replace(A, version="2.0"), replace(B, version="2.1")


def offered(one: Release, current: Release = NEW, **more: object) -> on.TokenSeen:
    """The store has this version, while ``current`` is installed."""
    return seen(one, **{"version": one.version, "md5": one.md5, "linked": current, **more})


def test_version_that_is_gone_from_the_store_is_no_downgrade() -> None:
    """What is installed stays, and why says so; nothing is taken for a failure."""
    state, commands = feed(started(Saved(current=NEW)), on.Due(), offered(OLD))
    assert state.phase is Phase.IDLE
    assert kinds(commands) == ["Refuse", "ArmCheck"]
    assert state.saved.current == NEW
    assert "2.1 is installed, and 2.0" in (state.trouble or "")
    assert state.blame is None
    assert state.saved.failed is None


@pytest.mark.parametrize(
    ("saved", "facts"),
    [
        (Saved(current=NEW), {"downgrades": True}),
        (Saved(current=NEW, pinned="2.0"), {}),
        (Saved(current=replace(NEW, version=None)), {}),
        (Saved(current=replace(NEW, version="latest")), {}),
    ],
)
def test_older_version_is_installed_where_somebody_said_so(
    saved: Saved, facts: dict[str, object]
) -> None:
    """By ``allowDowngrade`` or a pin; and where nobody knows that it is older."""
    current = saved.current
    assert current is not None
    state, commands = feed(started(saved, **facts), on.Due(), offered(OLD, current))
    assert state.phase is Phase.STAGING
    assert kinds(commands) == ["Stage"]


def test_deleted_link_is_put_back_also_where_the_store_has_only_older_versions() -> None:
    """The release is there all the same."""
    begun = started(Saved(current=NEW))
    state, commands = feed(begun, on.Due(), offered(OLD, linked=None))
    assert kinds(commands)[0] == "PutBack"
    assert state.saved.current == NEW


def test_version_that_went_away_while_the_turn_was_waited_for_is_not_replaced_by_an_older_one() -> (
    None
):
    """The turn is given back."""
    newest = replace(C, version="2.2")
    begun = started(Saved(current=NEW), sequential=True)
    way = [on.Due(), offered(newest), on.Staged(release=newest), on.TurnTaken(), offered(OLD)]
    state, commands = feed(begun, *way)
    assert state.phase is Phase.IDLE
    assert kinds(commands)[0] == "LeaveTurn"
    assert not state.turn


def test_same_bytes_under_a_newer_version_are_called_by_it() -> None:
    """No update, but status shows the version that the store has."""
    renamed = replace(NEW, token=Token("t-x"), version="2.2")
    state, commands = feed(started(Saved(current=NEW)), on.Due(), offered(renamed))
    assert state.saved.current == replace(NEW, version="2.2")
    assert "Stage" not in kinds(commands)
    unpromised = [on.Due(), offered(renamed, md5=None), on.Staged(release=renamed)]
    state, commands = feed(started(Saved(current=NEW)), *unpromised)
    assert state.saved.current == replace(NEW, version="2.2")
    assert kinds(commands)[0] == "Discard"


@pytest.mark.parametrize("word", [on.Pin(version="2.0"), on.Unpin()])
@pytest.mark.parametrize("phase", [Phase.CHECKING, Phase.STAGING, Phase.WAITING, Phase.RECHECKING])
def test_pin_calls_off_what_was_for_another_version(phase: Phase, word: on.Event) -> None:
    """It is asked anew, without a turn, before anything is touched."""
    state, commands = feed(reach(phase)[0], word)
    assert state.phase is Phase.CHECKING
    assert [one for one in kinds(commands) if one != "Save"] == ["Cancel", "LeaveTurn", "Ask"]
    assert not state.turn
    state, commands = feed(state, seen(C, linked=A))
    assert kinds(commands) == ["Stage"]


def test_pin_during_a_way_back_by_hand_is_only_noted() -> None:
    """The operator chose the release; the next check goes by the pin."""
    begun = started(Saved(current=B, previous=A), sequential=True)
    state, commands = feed(begun, on.RollBack(release=A), on.Pin(version="2.0"))
    assert state.phase is Phase.WAITING
    assert kinds(commands) == ["Save"]


# --- the good way -------------------------------------------------------------------------------


def test_first_install_stages_runs_hooks_flips_and_commits_in_this_order() -> None:
    """Download comes before hooks, the switch between them, the commit last."""
    state, commands = feed(started(), on.Due(update_id="u1"))
    assert kinds(commands) == ["Ask"]
    state, commands = feed(state, seen(A))
    assert kinds(commands) == ["Stage"]
    state, commands = feed(state, on.Staged(release=A))
    assert kinds(commands) == ["Save", "WriteJournal", "RunHooks"]
    state, commands = feed(state, on.HooksPassed())
    assert kinds(commands) == ["WriteJournal", "Flip"]
    state, commands = feed(state, on.Flipped())
    assert kinds(commands) == ["RunHooks"]
    state, commands = feed(state, on.HooksPassed())
    assert kinds(commands) == ["WriteJournal", "Commit"]
    state, commands = feed(state, on.Committed())
    assert kinds(commands) == ["Record", "RemoveJournal", "LeaveTurn", "Prune", "ArmCheck"]
    assert state.phase is Phase.IDLE
    assert state.saved.current == A


def updated(state: State, to: Release, *, verifies: bool = False) -> State:
    """After one good update."""
    way = [
        on.Due(),
        seen(to),
        on.Staged(release=to),
        on.HooksPassed(),
        on.Flipped(),
        on.HooksPassed(),
    ]
    if verifies:
        way.append(on.Healthy())
    return feed(state, *way, on.Committed())[0]


def test_state_written_before_the_hooks_is_what_is_committed() -> None:
    """The space for the new state is taken before anything is touched."""
    state, commands = feed(started(), on.Due(at=5.0), seen(A), on.Staged(release=A, at=7.0))
    written = next(one for one in commands if isinstance(one, do.WriteJournal))
    state, commands = feed(state, on.HooksPassed(at=8), on.Flipped(at=9), on.HooksPassed(at=11))
    committed = commands[-1]
    assert isinstance(committed, do.Commit)
    assert committed.saved == written.next
    assert committed.saved.current == A


def test_unchanged_token_asks_and_does_nothing_more() -> None:
    """An unchanged artifact costs one question."""
    state, commands = feed(updated(started(), A), on.Due(), seen(A, linked=A))
    assert kinds(commands) == ["ArmCheck"]
    assert state.phase is Phase.IDLE


def test_same_bytes_under_a_new_token_are_downloaded_once_and_then_known() -> None:
    """A mirror with another ETag is not an update, and is looked at once."""
    state = updated(started(), A)
    again = release("a", name="r-a2", token=Token("other"))
    state, commands = feed(
        state, on.Due(), on.TokenSeen(token=Token("other"), linked=A), on.Staged(release=again)
    )
    assert kinds(commands) == ["Discard", "Save", "ArmCheck"]
    state, commands = feed(state, on.Due(), on.TokenSeen(token=Token("other"), linked=A))
    assert kinds(commands) == ["ArmCheck"]
    assert state.saved.current == A


def test_promised_md5_of_the_installed_bytes_needs_no_download() -> None:
    """A store that promises the md5 spares the download under a new token."""
    state = updated(started(), A)
    event = on.TokenSeen(token=Token("new"), md5=A.md5, linked=A)
    assert kinds(feed(state, on.Due(), event)[1]) == ["Save", "ArmCheck"]


def test_changed_recipe_restages_the_same_bytes() -> None:
    """Other settings make another tree of the same artifact."""
    state = updated(started(), A)
    state = replace(state, facts=Facts(recipe="new"))
    state, commands = feed(state, on.Due(), seen(A, linked=A))
    assert kinds(commands) == ["Stage"]
    fresh = release("a", name="r-a2", recipe="new")
    assert kinds(feed(state, on.Staged(release=fresh))[1])[-1] == "RunHooks"


def test_deleted_link_is_put_back_without_a_download() -> None:
    """What an operator deleted by mistake comes back at the next check."""
    state, commands = feed(updated(started(), A), on.Due(), seen(A))
    assert kinds(commands) == ["PutBack", "ArmCheck"]
    assert state.phase is Phase.IDLE


def test_link_that_points_elsewhere_wins_over_state() -> None:
    """Somebody switched by hand: state is mended, and the store's bytes are an update."""
    state = updated(updated(started(), A), B)
    state, commands = feed(state, on.Due(), seen(B, linked=A))
    assert kinds(commands) == ["Stage"]
    assert state.saved.current == A


def test_assumed_hash_counts_as_installed_while_there_is_no_state() -> None:
    """``hash`` of the configuration spares the first download."""
    state = started(assumed="a" * 32)
    assert kinds(feed(state, on.Due(), seen(A, md5=A.md5))[1]) == ["Save", "ArmCheck"]
    assert kinds(feed(state, on.Due(), seen(B, md5=B.md5))[1]) == ["Stage"]


def test_forced_check_takes_the_same_bytes_again() -> None:
    """``update --force`` restages what is installed."""
    state = updated(started(), A)
    state, commands = feed(state, on.CheckNow(force=True), seen(A, linked=A))
    assert kinds(commands) == ["Stage"]
    again = release("a", name="r-a2")
    assert kinds(feed(state, on.Staged(release=again))[1])[-1] == "RunHooks"


def test_assumed_hash_that_only_the_download_shows_is_no_update() -> None:
    """A store that promises no md5 costs one download and no hook."""
    state, commands = feed(started(assumed="a" * 32), on.Due(), seen(A), on.Staged(release=A))
    assert kinds(commands) == ["Discard", "Save", "ArmCheck"]
    assert kinds(feed(state, on.Due(), seen(A))[1]) == ["ArmCheck"]


def test_staged_release_that_is_gone_is_staged_again() -> None:
    """Nobody stops a service for what is not there."""
    state, _ = feed(staged_over(A, B), on.HookFailed(index=0, error="no"))
    state, _ = feed(state, on.HooksPassed(), on.HooksPassed(), on.Committed())
    assert kinds(feed(state, on.Due(), seen(B, linked=A))[1])[-1] == "RunHooks"
    event = seen(B, linked=A, staged_lost=True)
    assert kinds(feed(state, on.Due(), event)[1]) == ["Stage"]


def test_changed_token_starts_backoff_anew() -> None:
    """What failed before says nothing of something else."""
    state = started()
    failed = on.StageFailed(fault=on.StageFault.TRANSIENT, error="cut")
    for _ in range(3):
        state, commands = feed(state, on.Due(), seen(A), failed)
    assert commands == (do.ArmCheck(do.Pace.BACKOFF, 3),)
    state, commands = feed(state, on.Due(), seen(B), failed)
    assert commands == (do.ArmCheck(do.Pace.BACKOFF, 1),)


# --- the turn -----------------------------------------------------------------------------------


def test_turn_is_taken_after_staging_and_the_store_asked_again() -> None:
    """A turn is held for seconds: download first; then what is staged must still be current."""
    state, commands = feed(started(sequential=True), on.Due(), seen(A), on.Staged(release=A))
    assert kinds(commands) == ["Save", "TakeTurn"]
    state, commands = feed(state, on.TurnTaken())
    assert kinds(commands) == ["Ask"]
    state, commands = feed(state, seen(A))
    assert kinds(commands) == ["WriteJournal", "RunHooks"]


def test_token_that_moves_on_while_waiting_gives_the_turn_back_twice_then_goes_in() -> None:
    """Nobody holds a turn while downloading; and a busy store does not starve a host."""
    state, _ = feed(started(sequential=True), on.Due(), seen(A), on.Staged(release=A))
    for other in (B, C):
        state, commands = feed(state, on.TurnTaken(), seen(other))
        assert kinds(commands) == ["LeaveTurn", "Stage"]
        assert not state.turn
        state, _ = feed(state, on.Staged(release=other))
    state, commands = feed(state, on.TurnTaken(), seen(A))
    assert kinds(commands) == ["WriteJournal", "RunHooks"]
    assert state.now.target == C


def test_release_is_installed_since_its_turn_came_not_since_it_was_staged() -> None:
    """Whoever looks since when it runs is not told of an hour in which it waited."""
    state, _ = feed(
        started(sequential=True),
        on.Due(at=100.0),
        seen(A, at=100.0),
        on.Staged(at=130.0, release=A),
        on.TurnTaken(at=3700.0),
        seen(A, at=3700.0),
        on.HooksPassed(at=3705.0),
        on.Flipped(at=3705.0),
        on.HooksPassed(at=3706.0),
        on.Committed(at=3706.0),
    )
    assert state.saved.installed_at == 3700.0


def test_turn_not_had_keeps_what_is_staged_for_the_next_check() -> None:
    """Waiting in vain costs no second download."""
    state, _ = feed(started(sequential=True), on.Due(), seen(A), on.Staged(release=A))
    state, commands = feed(state, on.TurnFailed(error="taken"))
    assert kinds(commands) == ["Prune", "ArmCheck"]
    assert kinds(feed(state, on.Due(), seen(A))[1]) == ["TakeTurn"]


def test_turn_is_kept_for_update_ttl_and_then_left() -> None:
    """``updateTTL`` spaces hosts out."""
    state, _ = feed(started(sequential=True, holds=True), on.Due(), seen(A), on.Staged(release=A))
    state, commands = feed(
        state,
        on.TurnTaken(),
        seen(A),
        on.HooksPassed(),
        on.Flipped(),
        on.HooksPassed(),
        on.Committed(),
    )
    assert kinds(commands) == ["Record", "RemoveJournal", "Prune", "ArmHold"]
    state, commands = feed(state, on.HoldOver())
    assert kinds(commands) == ["LeaveTurn", "ArmCheck"]


def test_check_by_hand_does_not_give_a_kept_turn_away_unless_forced() -> None:
    """``updateTTL`` is kept for a reason."""
    state, _ = feed(started(sequential=True, holds=True), on.Due(), seen(A), on.Staged(release=A))
    state, _ = feed(state, on.TurnTaken(), seen(A), on.HooksPassed(), on.Flipped())
    state, _ = feed(state, on.HooksPassed(), on.Committed())
    assert feed(state, on.CheckNow())[1] == ()
    assert kinds(feed(state, on.CheckNow(force=True))[1]) == ["LeaveTurn", "Ask"]


def test_turn_lost_after_the_switch_is_noted_in_history() -> None:
    """The update is finished here; somebody may want to know."""
    state, _ = feed(started(sequential=True), on.Due(), seen(A), on.Staged(release=A))
    state, _ = feed(state, on.TurnTaken(), seen(A), on.HooksPassed(), on.Flipped())
    state, _ = feed(state, on.TurnLost(error="session expired"), on.HooksPassed())
    record = next(one for one in feed(state, on.Committed())[1] if isinstance(one, do.Record))
    assert record.entry.outcome == "updated"
    assert "session expired" in (record.entry.error or "")


# --- refusals -----------------------------------------------------------------------------------


def test_quarantined_digest_is_not_downloaded_again() -> None:
    """A known token of quarantined bytes stops at the gate."""
    saved = Saved(current=A, quarantine=(Quarantined(Md5("b" * 32), "ill", 0.0),)).note(
        B.token, Md5("b" * 32)
    )
    state, commands = feed(started(saved), on.Due(), seen(B, linked=A))
    assert kinds(commands) == ["Refuse", "ArmCheck"]
    assert "ill" in (state.trouble or "")


def test_quarantined_digest_under_a_new_token_is_dropped_after_its_download() -> None:
    """The same bad bytes uploaded again are still the same bad bytes."""
    saved = Saved(current=A, quarantine=(Quarantined(Md5("b" * 32), "ill", 0.0),))
    _, commands = feed(started(saved), on.Due(), seen(B, linked=A), on.Staged(release=B))
    assert kinds(commands) == ["Discard", "Refuse", "Save", "ArmCheck"]


@pytest.mark.parametrize("known", [True, False], ids=["known token", "after a download"])
def test_failure_is_past_when_the_store_has_again_what_is_installed(*, known: bool) -> None:
    """What had failed stays in quarantine, and nobody is alarmed any more."""
    bad = Quarantined(Md5("b" * 32), "ill", 0.0)
    saved = Saved(current=A, quarantine=(bad,), failed="ill").note(B.token, Md5("b" * 32))
    if known:
        saved = saved.note(A.token, A.md5).note(B.token, Md5("b" * 32))
    state, commands = feed(started(saved), on.Due(), seen(A, linked=A))
    if not known:
        assert kinds(commands) == ["Stage"]
        state, _ = feed(state, on.Staged(release=A))
    assert state.saved.failed is None
    assert state.saved.quarantine == (bad,)


def test_first_install_that_failed_is_quarantined_also_where_it_is_current() -> None:
    """Nobody is told that all is well."""
    state, _ = feed(staged_over(None, A), on.HooksPassed(), on.Flipped())
    state, _ = feed(state, on.HookFailed(index=0, error="no"), on.HooksPassed(), on.Committed())
    state, commands = feed(state, on.Due(), seen(A, linked=A))
    assert kinds(commands) == ["Refuse", "ArmCheck"]
    assert kinds(feed(state, on.CheckNow(force=True), seen(A, linked=A))[1]) == ["Stage"]


def test_retry_lifts_the_quarantine_and_checks_at_once() -> None:
    """An operator has the last word."""
    saved = Saved(current=A, quarantine=(Quarantined(Md5("b" * 32), "ill", 0.0),), failed="ill")
    state, commands = feed(started(saved), on.Retry())
    assert kinds(commands) == ["Save", "ArmCheck"]
    assert state.saved.failed is None
    assert kinds(feed(state, on.Due(), seen(B, linked=A))[1]) == ["Stage"]


def test_pause_stops_at_the_gate_and_resume_checks_at_once() -> None:
    """A paused service is looked at and not touched."""
    paused = Paused("freeze", 0.0, "ops")
    state, _ = feed(started(Saved(current=A)), on.Pause(paused=paused))
    state, commands = feed(state, on.Due(), seen(B, linked=A))
    assert kinds(commands) == ["Refuse", "ArmCheck"]
    state, commands = feed(state, on.Resume())
    assert kinds(commands) == ["Save", "ArmCheck"]


def test_pause_during_hooks_takes_effect_at_the_next_gate_only() -> None:
    """An update that has begun is finished."""
    state, _ = feed(started(), on.Due(), seen(A), on.Staged(release=A))
    state, commands = feed(state, on.Pause(paused=Paused("later", 0.0, "ops")))
    assert kinds(commands) == ["Save"]
    state, _ = feed(state, on.HooksPassed(), on.Flipped(), on.HooksPassed(), on.Committed())
    assert state.saved.current == A
    assert state.saved.paused is not None


def test_mismatch_is_recorded_once_and_never_quarantines() -> None:
    """Bytes that do not match are the transport's fault until proven otherwise."""
    wrong = on.StageFailed(fault=on.StageFault.CORRUPT, error="md5 differs", token=B.token)
    state, commands = feed(started(), on.Due(), seen(B), wrong)
    assert kinds(commands) == ["Record", "Save", "ArmCheck"]
    state, commands = feed(state, on.Due(), seen(B), wrong)
    assert kinds(commands) == ["ArmCheck"]
    assert state.saved.quarantine == ()


def test_refused_archive_is_quarantined_and_not_downloaded_again() -> None:
    """Verified bytes that break the rules will not get better."""
    refused = on.StageFailed(
        fault=on.StageFault.REFUSED, error="../x", token=B.token, md5=Md5("b" * 32)
    )
    state, commands = feed(started(Saved(current=A)), on.Due(), seen(B, linked=A), refused)
    assert kinds(commands) == ["Record", "Save", "ArmCheck"]
    assert kinds(feed(state, on.Due(), seen(B, linked=A))[1]) == ["Refuse", "ArmCheck"]


# --- going back ---------------------------------------------------------------------------------


def staged_over(origin: Release | None, target: Release, **facts: object) -> State:
    """In ``before``, about to replace ``origin``."""
    saved = Saved(current=origin)
    event = seen(target, linked=origin)
    return feed(started(saved, **facts), on.Due(), event, on.Staged(release=target))[0]


def test_failing_before_hook_starts_the_old_release_and_quarantines_nothing() -> None:
    """The bytes are not at fault."""
    state, commands = feed(staged_over(A, B), on.HookFailed(index=0, error="no"))
    assert next(one for one in commands if isinstance(one, do.RunHooks)).kind == "after"
    state, commands = feed(state, on.HooksPassed())
    assert next(one for one in commands if isinstance(one, do.RunHooks)).kind == "failed"
    state, commands = feed(state, on.HooksPassed(), on.Committed())
    assert state.saved.current == A
    assert state.saved.quarantine == ()
    assert state.saved.failed == "no"


def test_failing_before_hook_of_a_first_install_is_passed() -> None:
    """There is nothing to stop yet."""
    state, commands = feed(staged_over(None, A), on.HookFailed(index=1, error="no such service"))
    hooks = commands[-1]
    assert isinstance(hooks, do.RunHooks)
    assert (hooks.kind, hooks.first, state.phase) == ("before", 2, Phase.BEFORE)


def test_failing_before_hook_of_a_first_install_aborts_where_that_is_written_out() -> None:
    """``onFailure = "abort"`` means it."""
    state, _ = feed(staged_over(None, A), on.HookFailed(index=0, error="no", abort=True))
    assert state.phase is Phase.UNDO_NOTIFY
    state, _ = feed(state, on.HooksPassed(), on.Committed())
    assert state.saved.current is None


def test_first_hook_that_puts_off_leaves_everything_as_it_is_for_a_minute() -> None:
    """Nothing ran, nothing is undone."""
    state, commands = feed(staged_over(A, B), on.HookPutOff(index=0, error="75"))
    assert kinds(commands) == ["Record", "RemoveJournal", "LeaveTurn", "Prune", "ArmCheck"]
    armed = commands[-1]
    assert isinstance(armed, do.ArmCheck)
    assert armed.at_least == 60
    assert state.saved.failed is None


def test_later_hook_that_puts_off_starts_the_old_release_again() -> None:
    """An earlier hook may have stopped the service."""
    state, _ = feed(staged_over(A, B), on.HookPutOff(index=1, error="75", hooks_ran=True))
    assert state.phase is Phase.UNDO_AFTER
    state, commands = feed(state, on.HooksPassed(), on.Committed())
    record = commands[0]
    assert isinstance(record, do.Record)
    assert record.entry.outcome == "postponed"
    assert state.saved.failed is None


@pytest.mark.parametrize(
    ("starts", "error"),
    [
        (on.HookFailed(index=0, error="no start"), "no start; then also: no"),
        (on.HooksPassed(), "no"),
    ],
)
def test_old_release_that_does_not_come_back_after_a_put_off_is_a_failure(
    starts: on.Completion, error: str
) -> None:
    """The service may be down: people are told, whatever it was that the update was put off for."""
    ready = staged_over(A, B, verifies=True)
    state, _ = feed(ready, on.HookPutOff(index=1, error="75", hooks_ran=True), starts)
    state, _ = feed(state, on.Unhealthy(error="no"))
    assert state.phase is Phase.UNDO_NOTIFY
    state, commands = feed(state, on.HooksPassed(), on.Committed())
    record = commands[0]
    assert isinstance(record, do.Record)
    assert (record.entry.outcome, record.entry.error) == ("failed", error)
    assert state.saved.failed == error
    assert state.saved.quarantine == ()


def test_unhealthy_release_is_taken_back_in_the_order_stop_flip_start_and_quarantined() -> None:
    """Going back is an update towards the previous release."""
    state, _ = feed(
        staged_over(A, B, verifies=True), on.HooksPassed(), on.Flipped(), on.HooksPassed()
    )
    state, commands = feed(state, on.Unhealthy(error="http 502"))
    ran: list[tuple[object, ...]] = [
        (one.kind, one.rollback) for one in commands if isinstance(one, do.RunHooks)
    ]
    state, commands = feed(state, on.HooksPassed())
    ran += [("flip", one.release.name) for one in commands if isinstance(one, do.Flip)]
    state, commands = feed(state, on.Flipped())
    ran += [(one.kind, one.rollback) for one in commands if isinstance(one, do.RunHooks)]
    assert ran == [("before", True), ("flip", "r-a"), ("after", True)]
    state, _ = feed(state, on.HooksPassed(), on.Healthy(), on.HooksPassed(), on.Committed())
    assert state.saved.current == A
    assert state.saved.quarantined(B.md5) is not None
    assert state.saved.failed == "http 502"


@pytest.mark.parametrize("failing", ["before", "flip", "after", "health", "failed"])
def test_every_step_of_going_back_may_fail_and_the_next_one_follows(failing: str) -> None:
    """While going back nothing aborts; the first error leads, and no other one is lost."""
    state, _ = feed(
        staged_over(A, B, verifies=True), on.HooksPassed(), on.Flipped(), on.HooksPassed()
    )
    state, _ = feed(state, on.Unhealthy(error="first"))
    broken = on.HookFailed(index=0, error="worse")
    state, _ = feed(state, broken if failing == "before" else on.HooksPassed())
    assert state.phase is Phase.UNDO_FLIP
    state, _ = feed(state, on.FlipFailed(error="worse") if failing == "flip" else on.Flipped())
    assert state.phase is Phase.UNDO_AFTER
    state, _ = feed(state, broken if failing == "after" else on.HooksPassed())
    assert state.phase is Phase.UNDO_VERIFY
    state, _ = feed(state, on.Unhealthy(error="worse") if failing == "health" else on.Healthy())
    assert state.phase is Phase.UNDO_NOTIFY
    state, _ = feed(state, broken if failing == "failed" else on.HooksPassed())
    assert state.phase is Phase.SETTLING
    state, commands = feed(state, on.Committed())
    assert state.phase is Phase.IDLE
    assert state.saved.failed == "first; then also: worse"
    assert state.saved.current == (B if failing == "flip" else A)
    record = next(one for one in commands if isinstance(one, do.Record))
    assert record.entry.outcome == ("failed" if failing == "flip" else "rolled-back")


def test_failing_after_hook_of_a_first_install_leaves_it_quarantined_and_failed() -> None:
    """There is nothing to go back to."""
    state, _ = feed(
        staged_over(None, A), on.HooksPassed(), on.Flipped(), on.HookFailed(index=0, error="no")
    )
    state, _ = feed(state, on.HooksPassed(), on.Committed())
    assert state.saved.current == A
    assert state.saved.failed == "no"
    assert state.saved.quarantined(A.md5) is not None


def test_adopted_tree_is_what_a_failed_first_update_goes_back_to() -> None:
    """What stood at the destination before is protected like a release."""
    state, _ = feed(started(), on.Due(), seen(B, standing=ADOPTED), on.Staged(release=B))
    state, commands = feed(state, on.HooksPassed())
    flip = commands[-1]
    assert isinstance(flip, do.Flip)
    assert flip.adopt == ADOPTED
    state, _ = feed(state, on.Flipped(), on.HookFailed(index=0, error="no"))
    assert state.phase is Phase.UNDO_BEFORE
    state, commands = feed(state, on.HooksPassed())
    back = commands[-1]
    assert isinstance(back, do.Flip)
    assert back.release == ADOPTED
    state, _ = feed(state, on.Flipped(), on.HooksPassed(), on.HooksPassed(), on.Committed())
    assert state.saved.current == ADOPTED


def test_tree_that_was_never_adopted_does_not_become_a_release() -> None:
    """A failing ``before`` hook comes before the adoption."""
    state, _ = feed(started(), on.Due(), seen(B, standing=ADOPTED), on.Staged(release=B))
    state, _ = feed(
        state,
        on.HookFailed(index=0, error="no"),
        on.HooksPassed(),
        on.HooksPassed(),
        on.Committed(),
    )
    assert state.saved.current is None


def test_full_disk_at_the_commit_is_waited_out_and_never_rolled_back() -> None:
    """The new release works; only its record is missing."""
    state, _ = feed(staged_over(A, B), on.HooksPassed(), on.Flipped(), on.HooksPassed())
    for _ in range(5):
        state, commands = feed(state, on.SaveFailed(error="no space"))
        assert kinds(commands) == ["ArmRetry"]
        state, commands = feed(state, on.RetryDue())
        assert kinds(commands) == ["Commit"]
    state, _ = feed(state, on.Committed())
    assert state.saved.current == B


def test_update_does_not_begin_without_a_journal() -> None:
    """What cannot be recovered is not started."""
    state, commands = feed(staged_over(A, B), on.SaveFailed(error="read-only"))
    assert kinds(commands) == ["RemoveJournal", "LeaveTurn", "Prune", "ArmCheck"]
    assert state.phase is Phase.IDLE


def test_journal_of_the_switch_is_written_out_before_the_hooks() -> None:
    """Nothing but times is new in it when it is wanted."""
    state, _ = feed(started(Saved(current=A)), on.Due(at=1.0))
    state, _ = feed(state, seen(B, linked=A))
    state, before = feed(state, on.Staged(release=B))
    _, switching = feed(state, on.HooksPassed(at=99.0))
    (prepared,) = [one.following for one in before if isinstance(one, do.WriteJournal)]
    (wanted,) = [one for one in switching if isinstance(one, do.WriteJournal)]
    assert prepared is not None
    assert prepared.phase is Phase.ACTIVATING
    times = wanted.journal.attempt.seconds
    assert replace(prepared, attempt=replace(prepared.attempt, seconds=times)) == wanted.journal
    assert wanted.following is None


# --- stop, rollback by hand ---------------------------------------------------------------------


def test_stop_in_the_middle_of_an_update_ends_after_it() -> None:
    """A service that was taken down is brought up first."""
    state, _ = feed(staged_over(A, B), on.Stop())
    assert state.phase is Phase.BEFORE
    state, commands = feed(state, on.HooksPassed(), on.Flipped(), on.HooksPassed(), on.Committed())
    assert commands[-1] == do.Exit(0)
    assert state.phase is Phase.STOPPED


def test_hard_stop_leaves_the_journal_for_the_next_start() -> None:
    """When there is no time left the next start recovers."""
    _state, commands = feed(staged_over(A, B), on.Stop(hard=True))
    assert commands == (do.Cancel(), do.Exit(1))


def test_stop_while_staging_cancels_at_once() -> None:
    """A download is not worth waiting for."""
    state, _ = feed(started(), on.Due(), seen(A))
    assert kinds(feed(state, on.Stop())[1]) == ["Cancel", "Exit"]


def test_rollback_by_hand_quarantines_what_it_leaves() -> None:
    """What an operator left does not come back by itself."""
    state = updated(updated(started(), A), B)
    state, _ = feed(
        state,
        on.RollBack(release=A),
        on.HooksPassed(),
        on.Flipped(),
        on.HooksPassed(),
        on.Committed(),
    )
    assert state.saved.current == A
    assert state.saved.previous == B
    assert state.saved.quarantined(B.md5) is not None


# --- recovery -----------------------------------------------------------------------------------

JOURNALLED = list(TOUCHED)


def journal(phase: Phase, *, origin: Release | None = A, deaths: int = 0) -> Journal:
    """What a driver that died in ``phase`` left."""
    flipped = phase not in (Phase.BEFORE, Phase.ACTIVATING, Phase.UNDO_AFTER)
    attempt = Attempt("u", 1.0, target=B, origin=origin, flipped=flipped, touched=flipped)
    return Journal(phase, attempt, deaths=deaths)


@pytest.mark.parametrize("phase", JOURNALLED)
def test_death_in_any_phase_is_recovered_to_idle_with_one_whole_release(phase: Phase) -> None:
    """Whatever a driver died in, the next one ends it."""
    state, commands = step(
        State(Facts(verifies=True)), on.Started(saved=Saved(current=A), journal=journal(phase))
    )
    assert kinds(commands)[0] == "Sweep"
    state = finish(state, commands, good=True)
    assert state.phase is Phase.IDLE
    assert state.saved.current in (A, B)


def test_death_after_the_flip_goes_on_with_the_after_hooks_of_the_journal() -> None:
    """The link is the witness."""
    found = replace(journal(Phase.ACTIVATING), hook=2)
    _state, commands = step(
        State(Facts()), on.Started(saved=Saved(current=A), journal=found, linked_to_target=True)
    )
    hooks = commands[-1]
    assert isinstance(hooks, do.RunHooks)
    assert (hooks.kind, hooks.first, hooks.rollback) == ("after", 2, False)


@pytest.mark.parametrize("phase", [Phase.AFTER, Phase.VERIFYING, Phase.COMMITTING])
def test_fifth_death_in_a_phase_takes_the_release_back(phase: Phase) -> None:
    """A release that kills its driver is at fault."""
    state, _ = step(
        State(Facts()), on.Started(saved=Saved(current=A), journal=journal(phase, deaths=4))
    )
    assert state.phase is Phase.UNDO_BEFORE
    state, _ = feed(
        state, on.HooksPassed(), on.Flipped(), on.HooksPassed(), on.HooksPassed(), on.Committed()
    )
    assert state.saved.quarantined(B.md5) is not None


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("origin", [A, None])
@pytest.mark.parametrize("deaths", [0, 4, 9])
@pytest.mark.parametrize("phase", JOURNALLED)
def test_every_journal_leads_out_of_starting(
    phase: Phase, deaths: int, origin: Release | None, linked: bool
) -> None:
    """No journal leaves a driver that waits for nothing."""
    found = journal(phase, origin=origin, deaths=deaths)
    if origin is None and phase in (Phase.UNDO_BEFORE, Phase.UNDO_FLIP, Phase.UNDO_AFTER):
        return  # with nothing to go back to these are never entered
    event = on.Started(saved=Saved(current=origin), journal=found, linked_to_target=linked)
    state, commands = step(State(Facts(verifies=True)), event)
    assert finish(state, commands, good=True).phase is Phase.IDLE


def test_journal_before_with_the_link_at_the_target_is_taken_back() -> None:
    """A link set by hand does not confuse the recovery."""
    event = on.Started(saved=Saved(current=A), journal=journal(Phase.BEFORE), linked_to_target=True)
    state, _ = step(State(Facts()), event)
    assert state.phase is Phase.UNDO_AFTER


def finish(state: State, commands: tuple[do.Command, ...], *, good: bool) -> State:
    """Answer every long command, well or badly, until the update rests."""
    for _ in range(60):
        long = commands[-1] if commands else None
        if state.phase in (Phase.IDLE, Phase.STOPPED) or long is None:
            return state
        state, commands = step(state, _answer(long, good=good))
    raise AssertionError(f"still {state.phase} after 60 steps")


def _answer(long: do.Command, *, good: bool) -> on.Event:
    if isinstance(long, do.ArmRetry):
        return on.RetryDue()
    if isinstance(long, do.ArmHold):
        return on.HoldOver()
    assert isinstance(long, do.Long)
    good_ones = {
        do.Ask: seen(B), do.Stage: on.Staged(release=B), do.TakeTurn: on.TurnTaken(),
        do.RunHooks: on.HooksPassed(), do.Flip: on.Flipped(), do.CheckHealth: on.Healthy(),
        do.Commit: on.Committed(),
    }  # fmt: skip
    bad_ones = {
        do.Ask: on.StoreFailed(error="x"), do.TakeTurn: on.TurnFailed(error="x"),
        do.Stage: on.StageFailed(fault=on.StageFault.TRANSIENT, error="x"),
        do.RunHooks: on.HookFailed(index=0, error="x"), do.Flip: on.FlipFailed(error="x"),
        do.CheckHealth: on.Unhealthy(error="x"), do.Commit: on.Committed(),
    }  # fmt: skip
    return replace((good_ones if good else bad_ones)[type(long)], id=long.id)


# --- every path that events can take ------------------------------------------------------------


@dataclass
class World:
    """A driver's side, remembering what the invariants are about."""

    state: State
    out: do.Long | None = None
    turn: bool = False
    whole: frozenset[str] = frozenset()
    began: bool = False
    answered: bool = True
    insisted: bool = False
    hard: bool = False

    def perform(self, commands: tuple[do.Command, ...]) -> None:
        """Check every command against what may happen now."""
        for index, command in enumerate(commands):
            if isinstance(command, do.Cancel):
                self.out = None
            if isinstance(command, do.LeaveTurn):
                self.turn = False
            if isinstance(command, do.Long):
                assert index == len(commands) - 1, "only the last command may be long"
                assert self.out is None, "one long command at a time"
                self.out = command
                self.judge(command)
        if self.state.phase in (Phase.IDLE, Phase.STOPPED):
            assert not self.turn or self.hard, "a turn that was taken is left"
            assert not self.began or self.answered or self.hard, "after hooks follow before hooks"
            assert self.out is None
            self.began, self.answered, self.insisted = False, True, False

    def judge(self, command: do.Long) -> None:
        """The promises about a switch and the hooks around it."""
        state = self.state
        if isinstance(command, do.RunHooks) and command.kind == "after":
            self.answered = True
        if isinstance(command, do.Flip) and state.phase is Phase.ACTIVATING:
            assert command.release.name in self.whole, "staged whole"
            assert self.turn or not state.facts.sequential, "a certain turn"
            bad = state.saved.quarantined(command.release.md5)
            assert bad is None or self.insisted, "a quarantined digest stays away"

    def tell(self, event: on.Event) -> None:
        """Let an event happen."""
        before = self.state
        if isinstance(event, on.Completion):
            assert self.out is None or event.id == self.out.id
            self.remember(event)
            self.out = None
        if isinstance(event, (on.CheckNow, on.RollBack)) and before.phase in (
            Phase.IDLE,
            Phase.HOLDING,
        ):
            self.insisted = isinstance(event, on.RollBack) or event.force
        if isinstance(event, on.Stop) and event.hard and before.phase in TOUCHED:
            self.hard = True
        self.state, commands = step(before, event)
        if self.state.phase is Phase.ACTIVATING and before.phase is not Phase.ACTIVATING:
            assert before.phase is Phase.BEFORE, "current only out of before"
        self.perform(commands)

    def remember(self, event: on.Event) -> None:
        """What became true in the world."""
        if isinstance(event, on.TurnTaken):
            self.turn = True
        if isinstance(event, on.Staged):
            self.whole |= {event.release.name}
        if isinstance(event, on.TokenSeen) and event.standing is not None:
            self.whole |= {event.standing.name}  # what is adopted was running before
        in_before = self.state.phase is Phase.BEFORE
        ran = isinstance(event, (on.HooksPassed, on.HookFailed)) or getattr(
            event, "hooks_ran", False
        )
        if in_before and ran and self.state.now.origin is not None:
            self.began, self.answered = True, False


def completions(draw: st.DrawFn, world: World) -> on.Event:
    """Some end of the long command that is out."""
    assert world.out is not None
    kind = draw(st.sampled_from(COMPLETIONS[type(world.out)]))
    if kind is on.HookPutOff and world.state.phase is not Phase.BEFORE:
        kind = on.HookFailed
    if kind is on.LeaseLost and world.state.phase not in (Phase.BEFORE, Phase.ACTIVATING):
        kind = on.HooksPassed if isinstance(world.out, do.RunHooks) else on.Flipped
    return replace(_made(draw, kind, world), id=world.out.id)


def _made(draw: st.DrawFn, kind: type[on.Event], world: World) -> on.Completion:  # noqa: PLR0911 - one for each kind
    current = world.state.saved.current
    one = RELEASES[draw(st.sampled_from("abc"))]
    mark = draw(st.sampled_from([None, None, None, "failed on web-07"]))
    if kind is on.TokenSeen:
        linked = draw(st.sampled_from([current, None]))
        standing = draw(st.sampled_from([None, ADOPTED])) if linked is None else None
        version = draw(st.sampled_from([None, "1", "2"]))
        return on.TokenSeen(
            token=one.token, linked=linked, standing=standing, version=version, marked=mark
        )
    if kind is on.Staged:
        return on.Staged(release=one, marked=mark)
    if kind is on.StageFailed:
        fault = draw(st.sampled_from(on.StageFault))
        return on.StageFailed(fault=fault, error="x", token=one.token, md5=one.md5)
    if kind in (on.HookFailed, on.HookPutOff):
        return kind(index=draw(st.integers(0, 3)), error="x", **_more(draw, kind))  # type: ignore[call-arg]  # kinds differ
    if kind is on.LeaseLost:
        return on.LeaseLost(error="x", hooks_ran=draw(st.booleans()))
    if kind is on.FlipFailed:
        return on.FlipFailed(error="x", linked=draw(st.booleans()))
    if kind in (on.StoreFailed, on.TurnFailed, on.Unhealthy, on.SaveFailed):
        return kind(error="x")  # type: ignore[call-arg,return-value]  # all four have it
    return kind()  # type: ignore[return-value]  # the rest have only an id


def _more(draw: st.DrawFn, kind: type[on.Event]) -> dict[str, bool]:
    name = "abort" if kind is on.HookFailed else "hooks_ran"
    return {name: draw(st.booleans())}


def orders(draw: st.DrawFn, world: World) -> on.Event:
    """Something a timer or an operator does, at any time."""
    known = world.state.saved.previous
    choices: list[on.Event] = [
        on.Due(), on.CheckNow(), on.CheckNow(force=True), on.Resume(), on.Retry(), on.Unpin(),
        on.Pause(paused=Paused("p", 0.0, "ops")), on.Pin(version="1"), on.Stop(), on.Stop(hard=True),
        on.HoldOver(), on.RetryDue(),
    ]  # fmt: skip
    if known is not None and known.name in world.whole:
        choices.append(on.RollBack(release=known))
    return draw(st.sampled_from(choices))


@settings(max_examples=400, deadline=None)
@given(data=st.data(), sequential=st.booleans(), holds=st.booleans(), verifies=st.booleans())
def test_promises_hold_on_every_path(
    data: st.DataObject,
    sequential: bool,
    holds: bool,
    verifies: bool,
) -> None:
    """Random events in any order never break a promise of the table."""
    facts = Facts(sequential=sequential, holds=holds, verifies=verifies)
    state, _ = step(State(facts), on.Started(saved=Saved()))
    world = World(state)

    @st.composite
    def event(draw: st.DrawFn) -> on.Event:
        ends = world.out is not None and draw(st.integers(0, 9)) < 8
        return completions(draw, world) if ends else orders(draw, world)

    for _ in range(60):
        if world.state.phase is Phase.STOPPED:
            break
        # The world may only answer a commit that never fails for ever, or not at all.
        world.tell(data.draw(event()))


@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize("phase", BUSY)
def test_failures_alone_lead_from_every_phase_to_rest(phase: Phase, good: bool) -> None:
    """Whatever goes wrong from here on, the update ends by itself."""
    reached = reach(phase)
    if phase is Phase.HOLDING:
        state, _ = feed(reached[0], on.HoldOver())
    else:
        state = finish(*reached, good=good)
    assert state.phase is Phase.IDLE
    assert not state.turn


def reach(phase: Phase) -> tuple[State, tuple[do.Command, ...]]:
    """Some state in ``phase``, with the commands that led there."""
    begin = started(Saved(current=A), sequential=True, holds=True, verifies=True)
    forward = [
        on.Due(), seen(B, linked=A), on.Staged(release=B), on.TurnTaken(), seen(B, linked=A), on.HooksPassed(),
        on.Flipped(), on.HooksPassed(), on.Healthy(), on.Committed(),
    ]  # fmt: skip
    back = [*forward[:8], on.Unhealthy(error="x"), on.HooksPassed(), on.Flipped(), on.HooksPassed(),
            on.Healthy(), on.HooksPassed()]  # fmt: skip
    for way in (forward, back):
        state = begin
        for event in way:
            state, commands = feed(state, event)
            if state.phase is phase:
                return state, commands
    raise AssertionError(f"no way to {phase}")
