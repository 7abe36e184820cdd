"""The arithmetic of turns that several may hold, and of leases."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.lease import Term
from dropship.core.semaphore import Record, SemaphoreError, read

NAMES = st.text(min_size=1, max_size=8)


@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), NAMES)))
def test_no_more_hold_a_turn_than_may(limit: int, done: list[tuple[bool, str]]) -> None:
    """Whoever joins and leaves, in any order; and every record is read as it was written."""
    record = Record(limit)
    for joins, name in done:
        after = record.joined(name) if joins else record.left(name)
        if after is None:
            assert len(record.holders) == limit
            assert name not in record.holders
            continue
        assert (name in after.holders) is joins
        record = after
        assert len(set(record.holders)) == len(record.holders) <= limit
        assert read(record.text(), limit) == record


def test_record_is_written_as_the_go_client_writes_it() -> None:
    """Also without a holder."""
    assert Record(1).text() == '{"Limit":1,"Holders":{}}'
    assert Record(2, ("a", "b")).text() == '{"Limit":2,"Holders":{"a":true,"b":true}}'


@pytest.mark.parametrize("text", [None, "", "null"])
def test_record_that_is_not_there_is_a_new_one(text: str | None) -> None:
    """As whoever comes first finds it."""
    assert read(text, 3) == Record(3)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('{"Limit":1,"Holders":null}', Record(1)),
        ('{"Limit":1}', Record(1)),
        ('{"Limit":1,"Holders":{"b":true,"a":false},"Else":[1]}', Record(1, ("a", "b"))),
    ],
)
def test_record_of_another_writer_is_understood(text: str, record: Record) -> None:
    """What is not known there is passed over."""
    assert read(text, 1) == record


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no record of turns"),
        ("[]", "is no record of turns"),
        ('{"Limit":1,"Holders":["a"]}', "is no record of turns"),
        ('{"Limit":2,"Holders":{}}', "is for 2 at a time, and here 1 are configured"),
        ('{"Holders":{}}', "its limit is null"),
        ('{"Limit":true}', "its limit is true"),
        ("[" * 100_000, "is no record of turns"),
    ],
)
def test_record_that_is_none_or_for_another_limit_is_told(text: str, message: str) -> None:
    """An operator has to look: nobody may go on."""
    with pytest.raises(SemaphoreError) as caught:
        read(text, 1)
    assert message in str(caught.value)


@given(st.text())
def test_any_text_is_a_record_or_is_told(text: str) -> None:
    """Whatever stands there, nothing else is raised."""
    with suppress(SemaphoreError):
        assert read(text, 1).limit == 1


@given(st.sets(NAMES), st.sets(NAMES))
def test_holders_that_do_not_live_hold_nothing(holders: set[str], contenders: set[str]) -> None:
    """They make room for others."""
    record = Record(100, tuple(sorted(holders))).living(contenders)
    assert set(record.holders) == holders & contenders
    assert json.loads(record.text())["Limit"] == 100


@given(st.floats(0, 1e9), st.floats(0.1, 1e4))
def test_lease_is_renewed_long_before_it_is_not_trusted_any_more(asked: float, ttl: float) -> None:
    """And is never trusted to its end."""
    term = Term(asked, ttl)
    assert asked < term.renewed_at < term.certain_until < asked + ttl
    assert term.left(term.certain_until) == 0.0
    assert term.left(asked) == pytest.approx(ttl - term.margin, abs=1e-6)
