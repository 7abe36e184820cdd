"""Tells a story on standard output: in colour on a terminal, plainly anywhere else.

Whatever the encoding of standard output lacks is shown by other letters; whoever has gone away
misses the rest.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from typing import Final, TextIO, cast

from dropship.cli.output import Lasting, say
from dropship.demo.tale import Kind, Tell

# How a line begins; the second one is for an encoding that lacks the first.
_MARKS: Final = {
    Kind.STEP: ("▸ ", "> "),
    Kind.PROOF: ("✓ ", "+ "),
    Kind.FACT: ("  ", "  "),
    Kind.QUOTE: ("  │ ", "  | "),
    Kind.FAULT: ("✗ ", "! "),
}
_STYLES: Final = {
    Kind.TITLE: "bold",
    Kind.STEP: "bold cyan",
    Kind.PROOF: "green",
    Kind.QUOTE: "dim",
    Kind.FAULT: "bold red",
}
_LEVELS: Final = {"WARNING": "yellow", "ERROR": "red"}
_LETTERS: Final = "▸✓│✗…"


def storyteller() -> Tell:
    """A teller for standard output as it is."""
    encoding = sys.stdout.encoding or "ascii"
    poor = not _has(encoding, _LETTERS)
    draw = _coloured() if _lively() else _plain

    def tell(kind: Kind, words: str) -> None:
        margin = _MARKS.get(kind, ("", ""))[poor]
        words = words.replace("…", "...") if poor else words
        draw(kind, margin, words.encode(encoding, "backslashreplace").decode(encoding))

    return tell


def _plain(_kind: Kind, margin: str, words: str) -> None:
    say(f"{margin}{words}", sys.stdout)


def _coloured() -> Callable[[Kind, str, str], None]:
    from rich.console import Console  # noqa: PLC0415 - only where it draws
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(file=cast("TextIO", Lasting(sys.stdout)), highlight=False)

    def draw(kind: Kind, margin: str, words: str) -> None:
        style = _STYLES.get(kind, "")
        lines = [words]
        if kind is Kind.QUOTE:
            style = _LEVELS.get(words.partition(" ")[0], style)
            lines = _folded(words, console.width - len(margin))
        for line in lines:
            # Long lines are left to the terminal: what is copied from it stays whole.
            console.print(Text(margin + line, style=style), soft_wrap=True)

    return draw


def _folded(words: str, width: int) -> list[str]:
    """A quotation in lines that stay within its margin."""
    width = max(width, 20)
    return textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)


def _has(encoding: str, letters: str) -> bool:
    try:
        letters.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _lively() -> bool:
    """Whether standard output is a terminal that wants colours."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
