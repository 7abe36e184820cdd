"""How a fault is drawn: place, source line, caret, related places, nothing secret."""

from __future__ import annotations

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
