"""A turn that is given for a time only, on a clock and an engine that a test plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.errors import LeaseLostError, LockError
from dropship.lockers import timed
from dropship.lockers.timed import TimedLease

TTL: Final = 30.0
MARGIN: Final = 6.0  # a fifth

Answer = Literal["ours", "not ours", "no answer"]
ANSWERS: Final[tuple[Answer, ...]] = ("ours", "not ours", "no answer")


@dataclass
class Engine:
    """A ``Grant`` on a clock of its own.

    Attributes:
        answer: To the next renewals; ``slow``: how long they take.
        renewals: When it was asked.
        ends: When the engine will give the turn to somebody else, by its own reckoning.
    """

    time: float = 1000.0
    answer: Answer = "ours"
    slow: float = 0.0
    renewals: list[float] = field(default_factory=list)
    drops: int = 0
    ends: float = 1000.0 + TTL

    def renew(self) -> bool:
        """As it is told to."""
        self.renewals.append(self.time)
        # It may have been heard at any time in between, the earliest is the worst.
        if self.answer == "ours":
            self.ends = self.time + TTL
        self.time += self.slow
        if self.answer == "no answer":
            raise LockError("the engine says nothing")
        return self.answer == "ours"

    def drop(self) -> None:
        """Count."""
        self.drops += 1


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine, and its clock in the place of the real one."""
    made = Engine()
    monkeypatch.setattr(timed, "now", lambda: made.time)
    return made


def had(engine: Engine) -> TimedLease:
    """A turn that was asked for just now."""
    return TimedLease(engine, asked=engine.time, ttl=TTL, what="the turn of all")


def certain(lease: TimedLease) -> bool:
    """Whether it says so at a look."""
    try:
        lease.check()
    except LeaseLostError:
        return False
    return True


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["check", "confirm"]),
        st.sampled_from(ANSWERS),
        st.floats(0, 2 * TTL),
        st.floats(0, 40),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_turn_is_never_trusted_past_the_margin_and_once_lost_stays_lost(
    steps: list[tuple[Literal["check", "confirm"], Answer, float, float]],
) -> None:
    """Whatever the engine answers, however late, and whenever somebody looks."""
    with pytest.MonkeyPatch.context() as patch:
        engine = Engine()
        patch.setattr(timed, "now", lambda: engine.time)
        lease, lost = had(engine), False
        for how, engine.answer, pause, engine.slow in steps:
            engine.time += pause
            asked = len(engine.renewals)
            try:
                getattr(lease, how)()
            except LeaseLostError:
                lost = True
            else:
                assert not lost
                assert engine.time < engine.ends - MARGIN
            if lost:
                lease.release()
                assert engine.drops == 0
            refused = len(engine.renewals) > asked and engine.answer == "not ours"
            assert lost or not refused


def test_turn_is_renewed_every_third_of_its_time(engine: Engine) -> None:
    """Not at each look."""
    lease = had(engine)
    for _ in range(200):
        engine.time += 0.5
        lease.check()
    assert [
        second - first for first, second in zip(engine.renewals, engine.renewals[1:], strict=False)
    ] == [TTL / 3] * 9


def test_engine_that_cannot_be_asked_is_asked_again_after_a_tenth(engine: Engine) -> None:
    """And the turn holds for as long as it was given."""
    lease, began = had(engine), engine.time
    engine.answer = "no answer"
    while certain(lease):
        engine.time += 0.25
    assert engine.time - began == TTL - MARGIN
    assert engine.renewals == [began + 10 + 3 * number for number in range(5)]
    with pytest.raises(LeaseLostError, match=r"could not be renewed in time: the engine says"):
        lease.check()


def test_engine_that_answers_again_in_time_costs_nothing(engine: Engine) -> None:
    """The turn has another whole time from then on."""
    lease = had(engine)
    engine.answer = "no answer"
    engine.time += 20
    lease.check()
    engine.answer = "ours"
    engine.time += 3
    lease.check()
    engine.time += TTL - MARGIN - 1
    engine.answer = "no answer"
    lease.check()


def test_time_counts_from_before_the_request(engine: Engine) -> None:
    """An answer that comes late is worth less."""
    lease = had(engine)
    engine.slow = 10
    lease.confirm()
    engine.slow, engine.answer = 0, "no answer"
    engine.time += TTL - MARGIN - 10 - 0.5
    lease.confirm()
    engine.time += 0.5
    with pytest.raises(LeaseLostError):
        lease.confirm()


def test_turn_that_is_not_ours_any_more_is_lost_for_good(engine: Engine) -> None:
    """Also if the engine says otherwise later; nobody is asked again, giving back included."""
    lease = had(engine)
    engine.answer = "not ours"
    with pytest.raises(LeaseLostError, match="was broken, or ran out at its engine"):
        lease.confirm()
    engine.answer = "ours"
    for _ in range(100):
        engine.time += 1
        assert not certain(lease)
    with pytest.raises(LeaseLostError):
        lease.confirm()
    lease.release()
    assert (len(engine.renewals), engine.drops) == (1, 0)


def test_worker_that_was_held_up_does_not_trust_what_it_had(engine: Engine) -> None:
    """Unless the engine itself still says that it is ours."""
    lease = had(engine)
    engine.time += 5 * TTL
    lease.check()
    engine.time += 5 * TTL
    engine.answer = "no answer"
    assert not certain(lease)


def test_turn_is_given_back_once(engine: Engine) -> None:
    """Afterwards it is nobody's."""
    lease = had(engine)
    lease.release()
    lease.release()
    assert engine.drops == 1
    assert not certain(lease)
