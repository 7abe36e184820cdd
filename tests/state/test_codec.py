"""Dataclasses to and from JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.phase import Phase
from dropship.core.saved import (
    Attempt,
    HistoryEntry,
    Journal,
    Meaning,
    Paused,
    Quarantined,
    Saved,
    Seconds,
)
from dropship.core.values import Digest, Md5, Release, Token
from dropship.errors import StateError
from dropship.state import codec


class Colour(Enum):
    """Some enum."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Everything:
    """A field of each kind."""

    text: str
    number: int
    real: float
    flag: bool
    colour: Colour
    word: Literal["a", "b"]
    md5: Md5
    pair: tuple[str, int]
    many: tuple[Token, ...] = ()
    maybe: Colour | None = None


GOOD: dict[str, Any] = {
    "text": "t",
    "number": 1,
    "real": 2,
    "flag": True,
    "colour": "red",
    "word": "a",
    "md5": "0" * 32,
    "pair": ["x", 2],
}

texts = st.text(max_size=20)
times = st.floats(0, 4e9)
md5s = texts.map(Md5)
tokens = texts.map(Token)
releases = st.builds(
    Release,
    name=texts,
    digest=st.none() | st.builds(Digest, md5=md5s, sha256=texts),
    token=tokens,
    staged_at=times,
    bytes=st.integers(0),
    version=st.none() | texts,
)
states = st.builds(
    Saved,
    destination=texts,
    current=st.none() | releases,
    previous=st.none() | releases,
    kept=st.lists(releases, max_size=3).map(tuple),
    tokens=st.lists(st.builds(Meaning, tokens, md5s), max_size=3).map(tuple),
    quarantine=st.lists(st.builds(Quarantined, md5s, texts, times), max_size=3).map(tuple),
    paused=st.none() | st.builds(Paused, texts, times, texts),
    pinned=st.none() | texts,
    installed_at=st.none() | times,
)
attempts = st.builds(
    Attempt,
    id=texts,
    started=times,
    target=st.none() | releases,
    by_hand=st.booleans(),
    errors=st.lists(texts, max_size=3).map(tuple),
    seconds=st.builds(Seconds, times, times),
)


@given(
    states
    | st.builds(Journal, phase=st.sampled_from(Phase), attempt=attempts, hook=st.integers(0, 9))
    | st.builds(HistoryEntry, texts, times, times, st.sampled_from(["updated", "failed"]))
)
def test_what_is_written_reads_the_same(value: Any) -> None:
    """State, journal and history survive JSON, whatever they hold."""
    written = json.loads(json.dumps(codec.encode(value)))
    assert codec.decode(type(value), written, "a file") == value


def test_all_kinds_of_fields_are_read() -> None:
    """Each kind comes back as its own type; an int is a fine float."""
    read = codec.decode(Everything, {**GOOD, "many": ["x"], "maybe": "red"}, "a file")
    assert read == Everything(
        "t", 1, 2.0, True, Colour.RED, "a", Md5("0" * 32), ("x", 2), (Token("x"),), Colour.RED
    )
    assert isinstance(read.real, float)


def test_fields_of_a_newer_program_are_passed_over() -> None:
    """An unknown field is no fault."""
    assert codec.decode(Everything, {**GOOD, "later": [1]}, "a file").text == "t"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("number", "1", "state.json: number should be a whole number, not '1'"),
        ("number", True, "state.json: number should be a whole number, not True"),
        ("number", 1.5, "state.json: number should be a whole number, not 1.5"),
        ("flag", 1, "state.json: flag should be true or false, not 1"),
        ("text", None, "state.json: text should be text, not None"),
        ("colour", "blue", "state.json: colour should be one of 'red', not 'blue'"),
        ("word", "c", "state.json: word should be one of 'a', 'b', not 'c'"),
        ("pair", ["x"], "state.json: pair should be a list of 2, not ['x']"),
        ("pair", ["x", "y"], "state.json: pair[1] should be a whole number, not 'y'"),
        ("many", "x", "state.json: many should be a list, not 'x'"),
    ],
)
def test_wrong_field_is_named_with_its_file(field: str, value: Any, message: str) -> None:
    """The error says which field of which file, what it should be and what it is."""
    with pytest.raises(StateError) as caught:
        codec.decode(Everything, {**GOOD, field: value}, "state.json")
    assert str(caught.value).partition(";")[0] == message
    assert "restore the file" in caught.value.cure


def test_missing_field_without_default_is_named() -> None:
    """A field that must be there, nested ones by their way."""
    journal = codec.encode(Journal(Phase.BEFORE, Attempt("u1", 0.0)))
    del journal["attempt"]["id"]
    with pytest.raises(StateError, match=r"^journal\.json has no field attempt\.id;"):
        codec.decode(Journal, journal, "journal.json")


@given(st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.sampled_from(["current", "tokens"]), inner, max_size=3)))  # fmt: skip
def test_any_json_is_read_or_refused_with_a_reason(data: Any) -> None:
    """Nothing but a StateError comes of a damaged file."""
    try:
        codec.decode(Saved, data, "state.json")
    except StateError as error:
        assert "state.json" in str(error)  # noqa: PT017 - both outcomes are right


def test_what_json_cannot_hold_is_a_fault_of_ours() -> None:
    """A field type that the codec does not know is refused when written."""
    with pytest.raises(TypeError):
        codec.encode((b"bytes",))
