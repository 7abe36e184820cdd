"""The parts of a value that no whole text reaches."""

from __future__ import annotations

from dropship.hcl.literals import short, template_end


def test_template_that_nothing_closes_reaches_to_the_end() -> None:
    """Whoever asks for its end gets one."""
    assert template_end("${a{b}", 2) == 6
    assert template_end("${a{b}}c", 2) == 7


def test_message_shows_a_short_printable_line() -> None:
    """A terminal is safe from what a file holds."""
    assert short("a b") == "a b"
    assert short("x" * 41) == "x" * 40 + "…"
    assert short("a\nb") == "a…"
    assert short("\x1b[31m") == "\N{REPLACEMENT CHARACTER}[31m"
