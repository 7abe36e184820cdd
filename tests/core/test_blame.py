"""What trouble is put down to: always beside its words, and right for every effect of the table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core import blame
from dropship.core import events as on
from dropship.core.blame import Blame
from dropship.core.phase import Phase
from dropship.core.saved import Attempt, Journal, Paused, Quarantined, Saved
from dropship.core.situation import Facts, State
from dropship.core.trouble import blamed
from dropship.core.update import TABLE, Row, step
from dropship.core.values import Md5, Release
from tests.core.test_update import A, B, feed, seen, staged_over, started

STALE = "said long ago"
NEVER = Blame.HOLDING
"""No effect puts anything down to this: whatever still has it was left alone."""

NO_SPACE = on.StageFailed(fault=on.StageFault.NO_SPACE, error="e")
ILL = Quarantined(Md5("b" * 32), "ill", 0.0)


def event_of(kind: type[on.Event]) -> on.Event:
    """One event of a kind, whatever it needs."""
    journal = Journal(Phase.AFTER, Attempt("u", 0.0, target=B, origin=A))
    needs: dict[type[on.Event], dict[str, object]] = {
        on.Started: {"saved": Saved(current=A), "journal": journal},
        on.TokenSeen: {"token": B.token, "md5": B.md5, "version": "1"},
        on.Staged: {"release": B},
        on.RollBack: {"release": A},
        on.StageFailed: {"fault": on.StageFault.REFUSED, "md5": B.md5},
        on.HookFailed: {"index": 0},
        on.HookPutOff: {"index": 0},
        on.Pause: {"paused": Paused("p", 0.0, "ops")},
        on.Pin: {"version": "1"},
    }
    given = dict(needs.get(kind, {}))
    if "error" in kind.__dataclass_fields__:
        given["error"] = "e"
    return kind(**given)  # type: ignore[arg-type]  # kinds differ


def troubled_in(phase: Phase) -> State:
    """In the middle of everything, with trouble of long ago."""
    saved = Saved(current=A, staged=B, quarantine=(ILL,), paused=Paused("p", 0.0, "ops"))
    attempt = Attempt("u", 0.0, target=B, origin=A)
    return State(
        Facts(), saved=saved, phase=phase, attempt=attempt, trouble=STALE, blame=NEVER
    )  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.phase.value}-{row.effect.__name__}")
def test_words_and_blame_of_a_row_change_together_or_not_at_all(row: Row) -> None:
    """Neither outlives the other."""
    after = row.effect(troubled_in(row.phase), event_of(row.event))
    assert (after.trouble == STALE) == (after.blame is NEVER)
    assert after.trouble is not None or after.blame is None


LEFT_ALONE = {
    "same", "begin_check", "begin_rollback", "take_turn", "note_turn_lost", "switched", "pass_hook",
    "switched_back", "stop", "pause", "resume", "pin", "unpin",
    "pin_anew", "unpin_anew", "start", "recover",
}  # fmt: skip
CLEARED = {
    "see", "settle_unchanged", "use_staged", "take_staged", "drop_same", "move_on", "succeed", "retry",
    "go_back_again",
}  # fmt: skip
PUT_DOWN = {
    "refuse": Blame.QUARANTINED,
    "refuse_staged": Blame.QUARANTINED,
    "stay_paused": Blame.PAUSED,
    "keep_paused": Blame.PAUSED,
    "pause_waiting": Blame.PAUSED,
    "fail_corrupt": Blame.STORE,
    "fail_doubted": Blame.STORE,
    "fail_refused": Blame.QUARANTINED,
    "fail_stage": Blame.STORE,
    "condemn": Blame.QUARANTINED,
    "put_off": Blame.HOOK,
    "keep_newer": None,
    "half_switched": None,
    "half_switched_back": None,
    "settle": None,
    "unsaved": None,
    "unsaved_idle": None,
    "recover_undo": None,
    "recover_condemned": Blame.QUARANTINED,
}
BY_EVENT = {"fail_check", "note_error"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.phase.value}-{row.effect.__name__}")
def test_every_effect_puts_its_trouble_down_to_what_it_says(row: Row) -> None:
    """One list names every effect of the table; a new one must be put in."""
    event, name = event_of(row.event), row.effect.__name__
    after = row.effect(troubled_in(row.phase), event)
    if name in LEFT_ALONE:
        assert (after.trouble, after.blame) == (STALE, NEVER)
    elif name in CLEARED:
        assert (after.trouble, after.blame) == (None, None)
    else:
        expected = blamed(event) if name in BY_EVENT else PUT_DOWN[name]
        assert after.trouble not in (None, STALE)
        assert after.blame is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (on.StoreFailed(error="e"), Blame.STORE),
        (on.StageFailed(fault=on.StageFault.MOVED, error="e"), Blame.STORE),
        (on.StageFailed(fault=on.StageFault.TRANSIENT, error="e"), Blame.STORE),
        (on.StageFailed(fault=on.StageFault.CORRUPT, error="e"), Blame.STORE),
        (NO_SPACE, None),
        (on.TurnFailed(error="e"), Blame.WAITING_TURN),
        (on.LeaseLost(error="e"), Blame.WAITING_TURN),
        (on.HookFailed(index=0, error="e"), Blame.HOOK),
        (on.HookPutOff(index=0, error="e"), Blame.HOOK),
        (on.FlipFailed(error="e"), None),
        (on.SaveFailed(error="e"), None),
        (on.Unhealthy(error="e"), None),
    ],
)
def test_failure_by_itself_is_put_down_to(event: on.Event, expected: Blame | None) -> None:
    """As long as no digest is condemned for it."""
    assert blamed(event) is expected


# --- whole ways through the table ---------------------------------------------------------------


def told(state: State) -> tuple[str | None, Blame | None]:
    """What a worker at rest says."""
    assert state.phase is Phase.IDLE
    return state.trouble, state.blame


def test_mark_of_the_fleet_is_put_down_to_the_fleet_and_own_quarantine_goes_before_it() -> None:
    """What failed here says more than what another host told."""
    mark = blame.failed_on("web-07", "02:14", "health http 502")
    state, _ = feed(started(Saved(current=A)), on.Due(), seen(B, linked=A, marked=mark, md5=B.md5))
    assert told(state) == (mark, Blame.FLEET_FAILED)
    state = started(Saved(current=A, quarantine=(ILL,)))
    state, _ = feed(state, on.Due(), seen(B, linked=A, marked=mark, md5=B.md5))
    assert state.blame is Blame.QUARANTINED


def test_refused_archive_without_a_digest_is_the_stores_since_it_is_tried_again() -> None:
    """What was not read to its end cannot be quarantined."""
    refused = on.StageFailed(fault=on.StageFault.REFUSED, error="../x")
    state, _ = feed(started(Saved(current=A)), on.Due(), seen(B, linked=A), refused)
    assert told(state) == ("../x", Blame.STORE)


def test_failing_before_hook_is_the_hooks_also_after_everything_else_failed_on_the_way_back() -> (
    None
):
    """The first error is the reason, told first, and the blame is its."""
    state, _ = feed(staged_over(A, B), on.HookFailed(index=0, error="no"))
    bad = on.HookFailed(index=0, error="worse")
    state, _ = feed(state, bad, bad, on.SaveFailed(error="full"))
    assert (state.phase, state.trouble, state.blame) == (Phase.SETTLING, "full", None)
    state, _ = feed(state, on.RetryDue(), on.Committed())
    assert told(state) == ("no; then also: worse; worse", Blame.HOOK)


def test_lost_turn_before_the_switch_is_put_down_to_the_turn() -> None:
    """Another one must be had."""
    state, _ = feed(staged_over(A, B), on.LeaseLost(error="expired", hooks_ran=True))
    state, _ = feed(state, on.HooksPassed(), on.HooksPassed(), on.Committed())
    assert told(state) == ("expired", Blame.WAITING_TURN)


def test_half_switch_whose_release_then_fails_ends_in_quarantine() -> None:
    """The first error is not what keeps the bytes out."""
    state, _ = feed(staged_over(A, B), on.HooksPassed(), on.FlipFailed(error="io", linked=True))
    assert (state.trouble, state.blame) == ("io", None)
    state, _ = feed(state, on.HookFailed(index=0, error="no"))
    assert (state.trouble, state.blame) == ("io; then also: no", Blame.QUARANTINED)


def test_failed_rollback_by_hand_does_not_tell_what_was_wrong_before() -> None:
    """The trouble of the last check is not that of the rollback."""
    state, _ = feed(started(Saved(current=A, previous=B)), on.Due(), on.StoreFailed(error="down"))
    assert told(state) == ("down", Blame.STORE)
    state, _ = feed(state, on.RollBack(release=B), on.HookFailed(index=0, error="no"))
    assert (state.trouble, state.blame) == ("no", Blame.HOOK)


def test_retry_on_the_way_back_does_not_hide_why_it_was_gone() -> None:
    """The update still came to nothing."""
    state, _ = feed(staged_over(A, B), on.HooksPassed(), on.Flipped())
    state, _ = feed(state, on.HookFailed(index=0, error="no"), on.Retry())
    assert (state.trouble, state.blame) == (None, None)
    state, _ = feed(state, on.HooksPassed(), on.Flipped(), on.HooksPassed(), on.HooksPassed())
    state, _ = feed(state, on.Committed())
    assert told(state) == ("no", Blame.QUARANTINED)


def settled_after(attempt: Attempt) -> State:
    """A driver that died while it settled; the next one has ended that."""
    event = on.Started(saved=Saved(current=A), journal=Journal(Phase.SETTLING, attempt))
    state, _ = step(State(Facts()), event)
    return feed(state, on.Committed())[0]


def test_recovered_failure_is_told_as_if_its_driver_had_lived() -> None:
    """The journal says what the first error was put down to."""
    attempt = Attempt("u", 0.0, target=B, origin=A, errors=("no", "worse"))
    both = "no; then also: worse"
    assert told(settled_after(replace(attempt, blame=Blame.HOOK))) == (both, Blame.HOOK)
    condemned = replace(attempt, blame=Blame.HOOK, quarantine=True)
    assert told(settled_after(condemned)) == (both, Blame.QUARANTINED)
    assert told(settled_after(replace(attempt, errors=()))) == ("failed", None)


def test_staged_release_that_is_used_is_what_the_store_was_last_known_to_have() -> None:
    """Also where the store went back to the old one in between."""
    state, _ = feed(staged_over(A, B), on.HookPutOff(index=0, error="75"))
    state, _ = feed(state, on.Due(), seen(A, linked=A, md5=A.md5))
    assert state.saved.tokens[0].md5 == A.md5
    state, _ = feed(state, on.Due(), seen(B, linked=A))
    assert state.phase is Phase.BEFORE
    assert state.saved.tokens[0].md5 == B.md5


def test_staged_release_without_a_digest_is_used_and_teaches_nothing() -> None:
    """Only what was read has one."""
    bare = Release("r-x", token=B.token)
    state, _ = feed(started(Saved(current=A, staged=bare)), on.Due(), seen(B, linked=A))
    assert state.target == bare
    assert state.saved.tokens == ()


# --- codes and marks ----------------------------------------------------------------------------


@pytest.mark.parametrize("one", Blame)
def test_code_is_read_as_its_blame(one: Blame) -> None:
    """Both ways."""
    assert blame.read(one.value) is one


def test_code_of_nobody_or_of_a_newer_program_is_read_as_none() -> None:
    """Readers ignore what they do not know."""
    assert blame.read("") is None
    assert blame.read("full-moon") is None


@given(host=st.from_regex(r"[a-zA-Z0-9._-]+", fullmatch=True), at=st.text(), error=st.text())
def test_host_is_found_in_the_words_of_its_mark(host: str, at: str, error: str) -> None:
    """Whatever went wrong there."""
    assert blame.marking_host(blame.failed_on(host, at, error)) == host


def test_words_that_are_no_mark_name_no_host() -> None:
    """Nobody is blamed by guessing."""
    assert blame.marking_host("not wanted") is None
