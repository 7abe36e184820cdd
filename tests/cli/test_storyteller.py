"""A story is told to whoever reads: terminals, pipes, and those who know no letters but ASCII."""

from __future__ import annotations

import io
import os
import sys

import pytest

from dropship.cli.storyteller import storyteller
from dropship.demo.tale import Kind


class Terminal(io.StringIO):
    """A terminal of an encoding."""

    encoding = "utf-8"  # type: ignore[assignment]  # StringIO has none

    def isatty(self) -> bool:
        """It is one."""
        return True


def told(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *lines: tuple[Kind, str]) -> str:
    """What is written to a standard output."""
    monkeypatch.setattr(sys, "stdout", stream)
    tell = storyteller()
    for kind, words in lines:
        tell(kind, words)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")


def test_ascii_is_enough(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing fails for a letter that an encoding lacks, and the story is understood."""
    with open(os.dup(1), "w", encoding="ascii") as stream:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", stream)
        tell = storyteller()
        tell(Kind.STEP, "größer …")
        tell(Kind.PROOF, "✓")
    assert capfd.readouterr().out == "> gr\\xf6\\xdfer ...\n+ \\u2713\n"


def test_quotation_stays_within_its_margin_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of a log are long; a level is seen by its colour."""
    words = "WARNING something that is far too long for this terminal"
    out = told(monkeypatch, Terminal(), (Kind.QUOTE, words))
    assert out.count("│ ") == 2
    assert "\x1b[33m" in out


def test_long_line_is_left_whole_to_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither cut nor folded."""
    path = "/a/very" * 10
    assert f"  {path}\n" in told(monkeypatch, Terminal(), (Kind.FACT, path))


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_terminal_without_colours_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """As a pipe does."""
    monkeypatch.setenv(name, value)
    out = told(monkeypatch, Terminal(), (Kind.TITLE, "a"), (Kind.STEP, "b"), (Kind.FAULT, "c"))
    assert out == "a\n▸ b\n✗ c\n"
