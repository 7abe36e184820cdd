"""How a fault is drawn: place, source line, caret, related places, nothing secret."""

from __future__ import annotations

import pytest

from dropship.hcl.ast import Source, Span
from dropship.hcl.diagnostics import Diagnostic, Related, Severity, draw, error, warning


def test_file_as_a_whole_is_named() -> None:
    """A file that cannot be read has no line to show."""
    fault = Diagnostic(Severity.ERROR, "E001", "it is a folder", None, file="x.hcl")
    assert draw(fault) == "x.hcl: error E001: it is a folder"


def test_secret_is_starred_out_under_its_caret() -> None:
    """The line is as long as before; other lines and sources are left alone."""
    source = Source("x", 'a = 1\nkey = "hunter2" b\n')
    other = Source("y", "z" * 40)
    secret = Span(source, 12, 21)
    fault = error("E101", "no", Span(source, 22, 23))
    assert draw(fault, [secret, Span(other, 0, 40)]) == (
        "x:2:17: error E101: no\n 2 | key = ********* b\n   |                 ^"
    )
    assert "a = 1" in draw(error("E101", "no", Span(source, 0, 1)), [secret])


def test_related_place_and_hint_follow() -> None:
    """First what is wrong, then where the other one stands, then what to do."""
    source = Source("x", "a = 1\n\ta = 2\r\n")
    fault = warning(
        "W1", "twice", Span(source, 7, 8),
        suggestion="remove one", related=(Related("first here", Span(source, 0, 1)),),
    )  # fmt: skip
    assert draw(fault) == (
        "x:2:2: warning W1: twice\n 2 | \ta = 2\n   | \t^\n"
        "  x:1:1: first here\n 1 | a = 1\n   | ^\n"
        "  hint: remove one"
    )


def test_control_characters_are_not_sent_to_a_terminal() -> None:
    """Each is one character wide, so that the caret stays in place."""
    source = Source("x", "a\x1b[31m\udcff\u00a0 = 1")
    drawn = draw(error("E1", "m", Span(source, 6, 7)))
    assert drawn.splitlines()[1:] == [" 1 | a\ufffd[31m\ufffd\ufffd = 1", "   |       ^"]


def test_caret_of_several_lines_ends_with_the_first() -> None:
    """Only the first line is shown."""
    source = Source("x", "abc\ndef")
    assert draw(error("E1", "m", Span(source, 1, 6))).endswith(" 1 | abc\n   |  ^^")


@pytest.mark.parametrize(
    ("text", "start", "end", "drawn"),
    [
        ("\u540d\u524d = x", 5, 6, [" 1 | \u540d\u524d = x", "   |        ^"]),
        ("a = \u540d\u524d x", 4, 6, [" 1 | a = \u540d\u524d x", "   |     ^^^^"]),
        ("e\u0301\u0302a = x", 3, 4, [" 1 | e\u0301\u0302a = x", "   |  ^"]),
        ("a\u0301", 1, 2, [" 1 | a\u0301", "   |  ^"]),
        ("\t\U0001f600\tx", 3, 4, [" 1 | \t\U0001f600\tx", "   | \t  \t^"]),
        ("\uff21 x", 2, 3, [" 1 | \uff21 x", "   |    ^"]),
    ],
)
def test_caret_stands_below_what_it_means(
    text: str, start: int, end: int, drawn: list[str]
) -> None:
    """Wide characters take two columns, combining ones none, tabs as many as they do above."""
    span = Span(Source("x", text), start, end)
    assert draw(error("E1", "m", span)).splitlines()[1:] == drawn


@pytest.mark.parametrize(
    ("at", "before", "behind"), [(0, "", "…"), (2500, "…", "…"), (4999, "…", "")]
)
def test_long_line_is_shown_around_the_fault(at: int, before: str, behind: str) -> None:
    """With what is left out marked; the caret stays below its character."""
    text = "a" * at + "X" + "a" * (4999 - at)
    _, line, caret = draw(error("E1", "m", Span(Source("x", text), at, at + 1))).splitlines()
    assert len(line) <= 130
    assert line[caret.index("^")] == "X"
    shown = line.removeprefix(" 1 | ")
    assert (shown[0] == "…", shown[-1] == "…") == (bool(before), bool(behind))


def test_long_fault_in_a_long_line_is_cut_with_it() -> None:
    """Carets do not go on for pages; what is masked stays masked."""
    source = Source("x", "a" * 100 + "secret" + "b" * 4000)
    span = Span(source, 90, 4000)
    _, line, caret = draw(error("E1", "m", span), [Span(source, 100, 106)]).splitlines()
    assert "secret" not in line
    assert "a******b" in line
    assert len(caret) <= len(line)


def test_line_that_is_only_a_little_long_is_shown_whole() -> None:
    """Cutting it would save nothing."""
    text = "a" * 160
    assert text in draw(error("E1", "m", Span(Source("x", text), 150, 151)))


def test_fault_at_the_end_of_a_file_has_its_caret_there() -> None:
    """Where something is missing there is nothing to underline."""
    assert draw(error("E1", "m", Span(Source("x", "abc"), 3, 3))).endswith(" 1 | abc\n   |    ^")
