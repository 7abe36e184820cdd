"""Parts of a string, and where they are written."""

from __future__ import annotations

import pytest

from dropship.hcl.ast import Source, Span, StringValue
from dropship.hcl.inside import inside
from dropship.hcl.parser import parse


def _value(text: str) -> StringValue:
    parsed = parse(Source("x", text))
    assert not parsed.diagnostics
    value = parsed.file.body.items[0].value
    assert isinstance(value, StringValue)
    return value


@pytest.mark.parametrize(
    ("text", "part", "written"),
    [
        ('a = "one two"', "two", "two"),
        ('a = "one \\"two\\" three"', '"two"', '\\"two\\"'),
        ('a = "one\\ttwo"', "\ttwo", "\\ttwo"),
        ('a = "\\u00e9\\U0001f600\\101\\x41z"', "AAz", "\\101\\x41z"),
        ('a = "\\ud83d\\ude00z"', "z", "z"),
        ('a = "x ${y "\\n" z} two"', "two", "two"),
        ('{"a": "one\\/two"}', "two", "two"),
        ("a = <<E\none\n two three\nE\n", "two", "two"),
        ("a = <<-E\n  one\n   two\n  E\n", " two", " two"),
        ("a = <<-E\n  one\n  two\n  E\n", "one\ntwo", "one\n  two"),
        ("a = <<-E\r\n  one\r\n  two\r\n  E\r\n", "two", "two"),
        ("a = <<-E\n  one\n two\n  E\n", " two", " two"),
        ("a = <<E\n  one\n  E\n", "one", "one"),
    ],
)
def test_part_of_a_value_is_found_as_it_is_written(text: str, part: str, written: str) -> None:
    """Escapes, braces that keep their text, and the indentation of heredocs."""
    value = _value(text)
    start = value.text.index(part)
    span = inside(value, start, start + len(part))
    assert text[span.start : span.end] == written


def test_empty_part_is_a_place_of_its_own() -> None:
    """Where something is missing."""
    value = _value('a = "one"')
    assert [inside(value, at, at).start for at in range(4)] == [5, 6, 7, 8]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ('a = "\\xc3\\xa9x"', 1, 2),
        ('{"a": "${x\\n}"}', 0, 1),
        ('a = "one"', 2, 9),
    ],
)
def test_whole_value_stands_for_what_cannot_be_told(text: str, start: int, end: int) -> None:
    """Bytes that make a character together; braces in JSON; offsets beyond the end."""
    value = _value(text)
    assert inside(value, start, end) == value.span


def test_value_that_is_not_what_is_written_is_no_reason_to_fail() -> None:
    """Whoever made it up does not know where it stands."""
    for text in ("<<E\none\nE", "<<E\n"):
        made = StringValue("two\n", Span(Source("x", text), 0, len(text)), heredoc=True)
        assert inside(made, 0, 1) == made.span
