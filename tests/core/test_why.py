"""The first thing that keeps a service from following its store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropship.core import events as on
from dropship.core.blame import Blame, failed_on
from dropship.core.phase import Phase
from dropship.core.saved import Meaning, Paused, Quarantined, Saved
from dropship.core.situation import State
from dropship.core.update import BUSY
from dropship.core.values import Md5, Token
from dropship.core.why import AGENT, HOST, PUBLISHER, Evidence, Why, why
from tests.core.test_update import A, B, feed, reach, seen, staged_over, started

CODES = {
    "paused", "quarantined", "fleet-failed", "waiting-turn", "store", "hook", "holding", "pinned", None,
}  # fmt: skip


def moment(seconds: float) -> str:
    """A time, short."""
    return f"T{seconds:g}"


def asked(known: Evidence) -> Why:
    """``why``, with short times."""
    return why(known, moment)


GOOD = Saved(current=A, installed_at=1.0).note(A.token, Md5("a" * 32))
CALM = Evidence(saved=GOOD, agent=True, phase=Phase.IDLE, checked=9.0, next=99.0)
PAUSED = replace(GOOD, paused=Paused("freeze", 5.0, "ops"))
ILL = Quarantined(Md5("b" * 32), "health http 502", 7.0)
CONDEMNED = replace(GOOD, quarantine=(ILL,), failed=ILL.reason).note(B.token, Md5("b" * 32))
PINNED = replace(GOOD, pinned="1.2.3")
ELSEWHERE = replace(PINNED, current=replace(A, version="1.2.4"))
ALONE = Evidence(saved=GOOD)
NOBODY = "no agent runs, so nobody looks for something new"


def troubled(words: str, blame: Blame | None, **more: object) -> Evidence:
    """Idle after a check or an update that came to nothing."""
    return replace(CALM, trouble=words, blame=blame, **more)  # type: ignore[arg-type]  # replace() checks the names itself


SITUATIONS: list[tuple[str, Evidence, Why]] = [
    ("all is well", CALM, Why(True)),
    ("all is well while it is looked at again", replace(CALM, phase=Phase.CHECKING), Why(True)),
    # what is broken here
    (
        "state cannot be read",
        Evidence(agent=True, unreadable="state.json is damaged", crashed="exit 1", assumed=True),
        Why(False, "state.json is damaged", None, HOST),
    ),
    (
        "its worker died",
        replace(CALM, phase=None, crashed="killed by SIGSEGV", saved=PAUSED),
        Why(True, "its worker died: killed by SIGSEGV", None, HOST),
    ),
    (
        "its worker died, nobody knows how",
        replace(CALM, phase=None, crashed=""),
        Why(True, "its worker died", None, HOST),
    ),
    (
        "an update was cut off",
        replace(ALONE, saved=PAUSED, cut_off="an update is in the middle of after"),
        Why(False, "an update is in the middle of after", None, HOST),
    ),
    (
        "somebody else drives it",
        replace(troubled("pid 7 has it", None), phase=None),
        Why(False, "pid 7 has it", None, HOST),
    ),
    # an update under way
    (
        "something is downloaded after a store that failed",
        replace(troubled("down", Blame.STORE), phase=Phase.STAGING),
        Why(False, "something new is being downloaded and unpacked", None, AGENT),
    ),
    (
        "it has its turn",
        replace(CALM, phase=Phase.RECHECKING),
        Why(False, "it has its turn; the store is asked once more", None, AGENT),
    ),
    (
        "it is switched although it was paused meanwhile",
        replace(CALM, phase=Phase.ACTIVATING, saved=PAUSED),
        Why(False, "an update is under way: the new release is switched to", None, AGENT),
    ),
    (
        "its health is checked",
        replace(CALM, phase=Phase.VERIFYING),
        Why(False, "an update is under way: its health is checked", None, AGENT),
    ),
    (
        "it goes back",
        replace(CALM, phase=Phase.UNDO_FLIP),
        Why(
            False,
            "an update is taken back: the release before is switched to",
            None,
            AGENT,
        ),
    ),
    # what an operator decided
    (
        "paused, nothing new known",
        replace(CALM, saved=PAUSED),
        Why(True, "paused since T5: freeze", Blame.PAUSED, "ops"),
    ),
    (
        "paused, something new known",
        replace(troubled("paused: freeze", Blame.PAUSED), saved=PAUSED),
        Why(False, "paused since T5: freeze", Blame.PAUSED, "ops"),
    ),
    (
        "paused without a word or a name",
        replace(CALM, saved=replace(GOOD, paused=Paused("", 5.0, ""))),
        Why(True, "paused since T5", Blame.PAUSED, HOST),
    ),
    (
        "paused before what failed, and no agent runs",
        replace(ALONE, saved=replace(CONDEMNED, paused=PAUSED.paused)),
        Why(False, "paused since T5: freeze", Blame.PAUSED, "ops"),
    ),
    (
        "paused while something is downloaded: it goes no further than that",
        replace(CALM, phase=Phase.STAGING, saved=PAUSED),
        Why(False, "paused since T5: freeze", Blame.PAUSED, "ops"),
    ),
    (
        "not paused any more, and not looked at since",
        troubled("paused: freeze", Blame.PAUSED),
        Why(False, "something new is to be installed", None, AGENT),
    ),
    # what the last check or update came to
    (
        "waits for two others",
        replace(CALM, phase=Phase.WAITING, waits_for=("web-07 (api)", "web-08 (api)"), waits_since=6),
        Why(
            False,
            "waits for its turn since T6; web-07 (api), web-08 (api) have it",
            Blame.WAITING_TURN,
            "web-07 (api), web-08 (api)",
        ),
    ),
    (
        "waits for another",
        replace(CALM, phase=Phase.WAITING, waits_for=("web-07 (api)",)),
        Why(
            False,
            "waits for its turn; web-07 (api) has it",
            Blame.WAITING_TURN,
            "web-07 (api)",
        ),
    ),
    (
        "waits, nobody knows for whom",
        replace(CALM, phase=Phase.WAITING),
        Why(False, "waits for its turn", Blame.WAITING_TURN, "the lock"),
    ),
    (
        "no turn could be had",
        troubled("engine unreachable", Blame.WAITING_TURN),
        Why(False, "engine unreachable", Blame.WAITING_TURN, "the lock"),
    ),
    (
        "quarantined",
        troubled("quarantined (health http 502); publish", Blame.QUARANTINED, saved=CONDEMNED),
        Why(False, "quarantined since T7: health http 502", Blame.QUARANTINED, PUBLISHER),
    ),
    (
        "quarantined, and state knows of others only",
        troubled("quarantined (slow); publish", Blame.QUARANTINED, saved=CONDEMNED),
        Why(False, "quarantined (slow); publish", Blame.QUARANTINED, PUBLISHER),
    ),
    (
        "quarantined, and no agent runs",
        replace(ALONE, saved=CONDEMNED),
        Why(False, "quarantined since T7: health http 502", Blame.QUARANTINED, PUBLISHER),
    ),
    (
        "left by hand, and not looked at since",
        replace(CALM, saved=replace(CONDEMNED, failed=None)),
        Why(False, "quarantined since T7: health http 502", Blame.QUARANTINED, PUBLISHER),
    ),
    (
        "a first install that failed stays, and nobody is told that all is well",
        replace(CALM, saved=replace(CONDEMNED, current=B)),
        Why(False, "quarantined since T7: health http 502", Blame.QUARANTINED, PUBLISHER),
    ),
    (
        "quarantined, but the store cannot tell whether it still has that",
        troubled("down", Blame.STORE, saved=CONDEMNED),
        Why(False, "down", Blame.STORE, "the store"),
    ),
    (
        "the store went back to what is installed",
        replace(CALM, saved=CONDEMNED.note(A.token, Md5("a" * 32))),
        Why(True),
    ),
    (
        "failed elsewhere",
        troubled(failed_on("web-07", "02:14", "health http 502"), Blame.FLEET_FAILED),
        Why(False, "failed on web-07 at 02:14: health http 502", Blame.FLEET_FAILED, "web-07"),
    ),
    (
        "failed elsewhere, in other words",
        troubled("not wanted", Blame.FLEET_FAILED),
        Why(False, "not wanted", Blame.FLEET_FAILED, "another host of the fleet"),
    ),
    (
        "the store is down",
        troubled("connection refused", Blame.STORE),
        Why(False, "connection refused", Blame.STORE, "the store"),
    ),
    (
        "a hook failed",
        troubled("before hook 1 (script): status 1", Blame.HOOK, saved=replace(GOOD, failed="before hook 1 (script): status 1")),
        Why(False, "the update failed: before hook 1 (script): status 1", Blame.HOOK, "the author of the hook"),
    ),
    (
        "a hook put it off, long after another failure",
        troubled("before hook 1 (script): status 75", Blame.HOOK, saved=replace(GOOD, failed="down")),
        Why(
            False,
            "the update was put off: before hook 1 (script): status 75",
            Blame.HOOK,
            "the author of the hook",
        ),
    ),
    (
        "no space",
        troubled("no space left", None),
        Why(False, "no space left", None, HOST),
    ),
    (
        "the last update failed, and no agent runs",
        replace(ALONE, saved=replace(GOOD, failed="io error")),
        Why(False, "the last update failed: io error", None, HOST),
    ),
    (
        "the last update failed, and nobody has looked since the agent started",
        replace(CALM, saved=replace(GOOD, failed="io error"), phase=Phase.CHECKING, checked=None),
        Why(False, "the last update failed: io error", None, HOST),
    ),
    # whether anybody looks
    ("no agent runs", ALONE, Why(True, NOBODY, None, HOST)),
    ("no agent runs, pinned", replace(ALONE, saved=PINNED), Why(True, NOBODY, None, HOST)),
    ("no agent runs, pinned elsewhere", replace(ALONE, saved=ELSEWHERE), Why(False, NOBODY, None, HOST)),
    ("no agent runs, nothing installed", Evidence(), Why(False, NOBODY, None, HOST)),
    (
        "the agent has no worker for it",
        replace(CALM, phase=None),
        Why(True, "the agent has no worker for it, so nobody looks for something new", None, HOST),
    ),
    (
        "its worker is at its end",
        replace(CALM, phase=Phase.STOPPED),
        Why(True, "the agent has no worker for it, so nobody looks for something new", None, HOST),
    ),
    (
        "its worker has just started",
        replace(CALM, phase=Phase.STARTING, checked=None),
        Why(True, "its worker has just started", None, AGENT),
    ),
    (
        "the store is asked for the first time",
        replace(CALM, phase=Phase.CHECKING, checked=None),
        Why(True, "the store is being asked", None, AGENT),
    ),
    # a word although all is well
    (
        "something else was seen last",
        replace(CALM, saved=GOOD.note(B.token, Md5("b" * 32))),
        Why(False, "something new is to be installed", None, AGENT),
    ),
    (
        "nothing installed yet",
        replace(CALM, saved=Saved()),
        Why(False, "nothing is installed yet", None, AGENT),
    ),
    (
        "nothing installed by us, and the configuration vouches",
        replace(CALM, saved=Saved(), assumed=True),
        Why(True),
    ),
    (
        "pinned elsewhere",
        replace(CALM, saved=ELSEWHERE),
        Why(False, "something new is to be installed", None, "this host's agent"),
    ),
    ("pinned", replace(CALM, saved=PINNED), Why(True, "held at 1.2.3", Blame.PINNED, HOST)),
    (
        "keeps its turn, pinned",
        replace(CALM, phase=Phase.HOLDING, saved=PINNED),
        Why(True, "keeps its turn until updateTTL is over", Blame.HOLDING, AGENT),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "expected"),
    [(known, expected) for _, known, expected in SITUATIONS],
    ids=[name for name, _, _ in SITUATIONS],
)
def test_situation_is_answered(known: Evidence, expected: Why) -> None:
    """One thing, whose it is, and when it is looked at next."""
    assert asked(known) == replace(expected, next=known.next)


@pytest.mark.parametrize("phase", BUSY)
def test_update_under_way_is_told_in_every_phase(phase: Phase) -> None:
    """Nobody is told that all is well, or nothing, in the middle of an update."""
    found = asked(replace(CALM, phase=phase, checked=None))
    assert found.reason is not None
    assert found.up_to_date == (phase in (Phase.HOLDING, Phase.CHECKING))


# --- what workers say of the table's own states --------------------------------------------------


def told(state: State) -> Why:
    """As the worker at rest tells it."""
    return asked(
        Evidence(
            saved=state.saved, agent=True, phase=state.phase, trouble=state.trouble or "",
            blame=state.blame, checked=1.0,
        )
    )  # fmt: skip


def test_good_update_ends_up_to_date_without_a_reason() -> None:
    """From the first install on."""
    state, _ = feed(staged_over(None, A), on.HooksPassed(), on.Flipped(), on.HooksPassed())
    state, _ = feed(state, on.Committed())
    assert told(state) == Why(True)
    state, _ = feed(state, on.Due(), seen(A, linked=A))
    assert told(state) == Why(True)


def test_release_taken_back_is_quarantined_for_as_long_as_the_store_has_it() -> None:
    """Then, after the next check, with no agent, and once the store went back."""
    state, _ = feed(staged_over(A, B), on.HooksPassed(), on.Flipped())
    state, _ = feed(state, on.HookFailed(index=0, error="no"), on.HooksPassed(), on.Flipped())
    state, _ = feed(state, on.HooksPassed(), on.HooksPassed(), on.Committed(at=3.0))
    assert told(state).reason == "quarantined since T0: no"
    state, _ = feed(state, on.Due(), seen(B, linked=A))
    assert told(state).reason == "quarantined since T0: no"
    assert asked(Evidence(saved=state.saved)).code is Blame.QUARANTINED
    state, _ = feed(state, on.Due(), seen(A, linked=A, md5=A.md5))
    assert told(state) == Why(True)


def test_release_left_by_hand_is_quarantined_before_the_next_check_and_after_it() -> None:
    """The store still has what the operator left."""
    saved = Saved(current=B, previous=A).note(B.token, Md5("b" * 32))
    state, _ = feed(started(saved), on.RollBack(release=A), on.HooksPassed(), on.Flipped())
    state, _ = feed(state, on.HooksPassed(), on.Committed())
    left = Why(False, "quarantined since T0: left by hand for r-a", Blame.QUARANTINED, HOST)
    assert told(state) == left
    assert told(feed(state, on.Due(), seen(B, linked=A))[0]) == left


def test_put_off_update_is_the_hooks_until_it_goes_in() -> None:
    """A failure it is not."""
    state, _ = feed(staged_over(A, B), on.HookPutOff(index=0, error="75"))
    assert told(state).reason == "the update was put off: 75"
    state, _ = feed(staged_over(A, B), on.HookFailed(index=0, error="no"))
    state, _ = feed(state, on.HooksPassed(), on.HooksPassed(), on.Committed())
    assert told(state).reason == "the update failed: no"


def test_pause_while_the_turn_is_waited_for_is_no_up_to_date_service() -> None:
    """What is staged is newer, although no check has found it since."""
    state, _ = reach(Phase.WAITING)
    state, _ = feed(state, on.Pause(paused=Paused("freeze", 5.0, "ops")))
    assert told(state) == Why(False, "paused since T5: freeze", Blame.PAUSED, "ops")


# --- whatever is known ---------------------------------------------------------------------------

words = st.sampled_from(["", "down", "no", failed_on("web-07", "02:14", "no")])
digests = st.sampled_from([Md5("a" * 32), Md5("b" * 32)])
saveds = st.builds(
    Saved,
    current=st.sampled_from([None, A, B]),
    tokens=st.lists(st.builds(Meaning, st.just(Token("t")), digests), max_size=2).map(tuple),
    quarantine=st.lists(st.builds(Quarantined, digests, words, st.floats()), max_size=2).map(tuple),
    paused=st.none() | st.builds(Paused, words, st.floats(), words),
    pinned=st.none() | words,
    failed=st.none() | words,
)
evidences = st.builds(
    Evidence,
    saved=saveds,
    assumed=st.booleans(),
    unreadable=st.sampled_from([None, None, None, "damaged"]),
    cut_off=st.sampled_from([None, None, None, "in the middle"]),
    agent=st.booleans(),
    crashed=st.sampled_from([None, None, None, "", "exit 1"]),
    phase=st.none() | st.sampled_from(Phase),
    trouble=st.none() | words,
    blame=st.none() | st.sampled_from(Blame),
    waits_for=st.lists(st.text(min_size=1), max_size=2).map(tuple),
    waits_since=st.none() | st.floats(),
    checked=st.none() | st.floats(),
    next=st.none() | st.floats(allow_nan=False),
)


@settings(max_examples=1000)
@given(known=evidences)
def test_answer_keeps_its_contract_whatever_is_known(known: Evidence) -> None:
    """A code that everybody knows, an owner for every reason, and a reason for every no."""
    found = asked(known)
    assert (found.code.value if found.code else None) in CODES
    assert (found.reason is None) == (found.owner is None)
    assert found.reason != ""
    assert found.owner != ""
    assert found.up_to_date or found.reason is not None
    assert found.code is None or found.reason is not None
    assert found.next == known.next
    if known.saved.current is None and not known.assumed:
        assert not found.up_to_date


@settings(max_examples=1000)
@given(known=evidences)
def test_no_reason_means_that_nothing_keeps_it(known: Evidence) -> None:
    """An agent that works and has looked, and nobody who decided otherwise."""
    if asked(known).reason is not None:
        return
    assert known.agent
    assert known.phase in (Phase.IDLE, Phase.CHECKING)
    assert known.unreadable is known.cut_off is known.crashed is None
    assert known.saved.paused is None
    assert known.saved.pinned is None
    assert not known.trouble
    tokens = known.saved.tokens
    if tokens and known.saved.current is not None:
        assert tokens[0].md5 == known.saved.current.md5
        assert known.saved.quarantined(tokens[0].md5) is None
