"""The line of a source that a fault stands on, with carets under it, as a terminal shows it.

Carets stand under what they mean whatever the line is made of: tabs, wide characters, characters
that take no room. A very long line is shown around the fault only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from dropship.hcl.ast import Span

_LONGEST: Final = 160  # characters of a line that is shown whole
_BEFORE: Final = 50  # characters in front of the fault that are shown of a longer one
_SHOWN: Final = 120
_CUT: Final = "…"


def excerpt(span: Span, masked: Collection[Span]) -> list[str]:
    """The line, and the carets below it; of several lines only the first."""
    text = span.source.text
    start = span.source.line_start(span.start)
    line = _clean(text[start : _line_end(text, start)])
    _mask(line, span, start, masked)
    first = min(span.start - start, len(line))
    last = max(first, min(span.end - start, len(line)))
    shown, first, last = _cut(line, first, last)
    # A caret line keeps the tabs of its source line, so that both indent alike.
    lead = "".join("\t" if char == "\t" else " " * _width(char) for char in shown[:first])
    carets = "^" * max(1, sum(map(_width, shown[first:last])))
    number = str(span.line)
    gutter = " " * len(number)
    return [f" {number} | {''.join(shown)}", f" {gutter} | {lead}{carets}"]


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _clean(line: str) -> list[str]:
    """What a terminal could take for a command, or not show at all, is shown as one character."""
    return [
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}"
        for char in line.rstrip("\r")
    ]


def _mask(line: list[str], span: Span, start: int, masked: Collection[Span]) -> None:
    for secret in masked:
        if secret.source is span.source:
            for at in range(max(secret.start, start), min(secret.end, start + len(line))):
                line[at - start] = "*"


def _cut(line: list[str], first: int, last: int) -> tuple[Sequence[str], int, int]:
    """The part around the fault, and where the fault is in it."""
    if len(line) <= _LONGEST:
        return line, first, last
    begin = max(0, first - _BEFORE)
    end = min(len(line), begin + _SHOWN)
    head, tail = [_CUT] * (begin > 0), [_CUT] * (end < len(line))
    moved = len(head) - begin
    shown = [*head, *line[begin:end], *tail]
    return shown, first + moved, min(last, end) + moved


def _width(char: str) -> int:
    """Columns of a terminal: none for what is put onto the character before, two for wide ones."""
    if char.isascii():
        return 1
    import unicodedata  # noqa: PLC0415 - seldom needed

    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
