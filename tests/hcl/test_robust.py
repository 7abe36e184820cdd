"""Whatever the text is: no crash, and every diagnostic points into it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.hcl import parser
from dropship.hcl.ast import Source
from dropship.hcl.diagnostics import Severity, draw
from dropship.hcl.parser import Parsed, parse

PIECES = [
    '"', '"a"', "{", "}", "[", "]", "(", ")", "=", ":", ",", "\n", "#", "//", "/*", "*/", "<<E\n",
    "E\n", "<<-X\n", "${", "$", "\\", "\\n", "foo", "bar ", "1", "10s", "0x", "true", "env(", "'",
    'file("x")', "\0", "\ufeff", "\r\n", "é", "\ud800", "  ", 'service "a" {\n', "}\n", "a = 1\n",
    'x = "y"\n', "<", "-", ".5", "null", '{"a":', '"b": 1}', ";", "@", "&",
]  # fmt: skip


def checked(text: str) -> Parsed:
    """The parsed text, its diagnostics drawn and their places checked."""
    parsed = parse(Source("any", text))
    for one in parsed.diagnostics:
        assert one.span is not None
        assert 0 <= one.span.start <= one.span.end <= len(text)
        assert draw(one)
    return parsed


@given(st.text())
def test_any_text_parses_or_is_told_of(text: str) -> None:
    """Characters of all kinds."""
    checked(text)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.booleans())
def test_any_pieces_parse_or_are_told_of(text: str, as_json: bool) -> None:
    """Pieces of the language in any order, nothing that the grammar refuses is passed silently."""
    text = "{" + text if as_json else text
    parsed = checked(text)
    if not parsed.diagnostics:
        engine = parser._reader()._engine
        parser._reader()._builder.begin(Source("any", text))
        engine.lark.parse(text, start="json" if parser._JSON.match(text) else "hcl")


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.integers(min_value=0, max_value=3),
)
def test_block_behind_any_rubbish_is_read(rubbish: str, blank: int) -> None:
    """As long as nothing swallows it: brackets and quotes that stay open may."""
    swallowing = ('"', "/*", "<", "{", "\0", "'", "\\", "[", "(")
    if any(piece in rubbish for piece in swallowing):
        return
    parsed = checked(f'{rubbish}\n{" " * blank}last "one" {{\n  a = 1\n}}\n')
    found = [item.keys[-1].text for item in parsed.file.body.items]
    assert "one" in found


def test_fault_is_told_even_if_all_of_it_seems_to_follow_from_something() -> None:
    """The quote in front is on the line of a brace that is never closed, as far as can be told."""
    assert checked('\'service "a" {\nservice "a" {\n').diagnostics


def test_rubble_behind_a_json_document_does_not_take_the_document_along() -> None:
    """As coverage led to it: it was read for ever."""
    checked(
        '{"","","",,k"",,""u]""],,i' + "[" * 40 + "]" * 53 + 'k"",0\x10' + "]" * 9 + 'Y]=,"",'
        + "]" * 34 + "\udcff,'\"\"[" + "]" * 10 + "\udc9c" + "]" * 9 + "1}]"
    )  # fmt: skip


def test_value_that_the_end_cuts_off_ends_in_the_text() -> None:
    """Whoever finds fault with it later needs its place."""
    text = 'service "a {\n  checkInterval ]{tags =0[\n'
    (item,) = checked(text).file.body.items
    assert item.value.span.end <= len(text)


def test_brace_too_many_is_told_where_a_header_seems_to_lack_its_own() -> None:
    """The words in front of a block look like a header, but belong to the block's."""
    text = (
        'a "x" {\n  s = "y foo\n  t = 1\n}\n\nservice "b" {\n  u = 1\nbar\nem\n\n  c "d" {\n'
        "    v = 1\n  }\n\n    w = 1\n  }\n}\n"
    )
    assert checked(text).diagnostics
    assert checked(text.replace('"y foo', '"y"')).diagnostics


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("a {", "}"), ("a = [", "]"), ("a = [", ""), ("a {", ""), ("[", "]"), ("{", "}")],
)
@pytest.mark.parametrize("json", [False, True])
def test_ten_thousand_levels_are_one_diagnostic(opening: str, closing: str, json: bool) -> None:
    """Nothing recurses into what a text nests."""
    start = '{"a":' if json else ""
    if "[" in opening and not opening.startswith("["):
        text = start + opening.replace("[", "[" * 10_000) + closing * 10_000
    else:
        text = start + opening * 10_000 + closing * 10_000
    assert any(one.severity is Severity.ERROR for one in checked(text).diagnostics)


def test_nesting_of_a_hundred_levels_is_fine() -> None:
    """More than anybody writes."""
    assert checked("a {" * 100 + "}" * 100).diagnostics == ()
    assert [one.code for one in checked("a {" * 101 + "}" * 101).diagnostics] == ["E118"]


@pytest.mark.parametrize("letters", [range(1, 0x250), range(33, 127), range(0x2000, 0x3000)])
def test_noise_is_told_of(letters: range) -> None:
    """100 kB of anything."""
    source = random.Random(7)
    text = "".join(chr(source.choice(letters)) for _ in range(100_000))
    assert checked(text).diagnostics


@pytest.mark.parametrize(
    "text",
    [
        'a = "' + "x" * 100_000,
        'a = "' + "\\n" * 50_000,
        'a = "${' + "x" * 100_000,
        'a = "' + "${" * 50_000,
        '"' + "x" * 100_000,
        '{"a": "' + "x" * 100_000,
    ],
    ids=["plain", "escapes", "template", "templates", "key", "json"],
)
def test_long_unclosed_string_is_one_fault(text: str) -> None:
    """100 kB without the quote."""
    assert [one.code for one in checked(text).diagnostics] == ["E102"]


@pytest.mark.parametrize("text", ["}" * 100_000, "," * 100_000])
def test_reading_stops_after_a_hundred_faults_of_rubble(text: str) -> None:
    """Nobody reads on, and each costs time."""
    diagnostics = checked(text).diagnostics
    assert len(diagnostics) == 101
    assert diagnostics[-1].code == "E199"


@pytest.mark.parametrize("text", ["a = b\n" * 10_000, 'a = "\n' * 20_000])
def test_reading_stops_after_a_thousand_faults_of_a_kind(text: str) -> None:
    """As in a file that was written for something else."""
    diagnostics = checked(text).diagnostics
    assert len(diagnostics) == 1001
    assert diagnostics[-1].code == "E199"


def test_reading_goes_on_behind_rubble() -> None:
    """A piece of something else in the midst costs no service that stands behind it."""
    before, behind = (f'service "s{number}" {{\n  a = 1\n}}\n' for number in (1, 2))
    parsed = checked(before + "] , " * 300 + "\n" + behind)
    assert parsed.diagnostics[-1].code == "E199"
    assert [item.keys[-1].text for item in parsed.file.body.items] == ["s1", "s2"]


def test_all_faults_are_told_where_they_are_few_among_much() -> None:
    """Three hundred in a file of three hundred services: reading does not stop."""
    body = '  checkInterval = 10s\n  artifact "s3" {\n    bucket = "b"\n  }\n'
    text = "".join(f'service "s{number}" {{\n{body}}}\n' for number in range(300))
    parsed = checked(text)
    assert [one.code for one in parsed.diagnostics] == ["E109"] * 300
    assert len(parsed.file.body.items) == 300


@pytest.mark.parametrize(
    "text",
    [
        'a = "' + "${x}" * 25_000 + '"',
        'a = "${' + "{" * 50_000 + "}" * 50_000 + '}"',
        'a = "' + "$" * 100_000 + '"',
        "a" * 100_000 + " = 1",
        "a = [" + "1," * 50_000 + "]",
        "#" * 100_000,
        "/*" + "*" * 100_000 + "/",
    ],
    ids=["templates", "deep", "dollars", "key", "list", "line", "comment"],
)
def test_long_valid_text_is_read(text: str) -> None:
    """Length is no fault."""
    assert checked(text).diagnostics == ()
