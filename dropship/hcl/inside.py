"""Which part of a source a part of a string's value was written as.

A value differs from what is written: escapes, quotes, the indentation of a heredoc. Whoever finds
fault with a piece of a value points at that piece by this.
"""

from __future__ import annotations

import re
from typing import Final

from dropship.hcl.ast import Span, StringValue
from dropship.hcl.literals import template_end

# Whatever stands for one character; in JSON a pair of surrogates does.
_ONE: Final = re.compile(
    r"\\(?:[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|\r\n|.", re.DOTALL
)
_ONE_IN_JSON: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)


def inside(value: StringValue, start: int, end: int) -> Span:
    """Where ``value.text[start:end]`` is written; the whole value where that cannot be told."""
    source, whole = value.span.source, value.span
    raw = source.text[whole.start : whole.end]
    ways = (
        [_heredoc(raw, value.text)]
        if value.heredoc
        else [_string(raw, value.text, _ONE), _string(raw, value.text, _ONE_IN_JSON)]
    )
    offsets = next((way for way in ways if way is not None), None)
    if offsets is None or not 0 <= start <= end <= len(value.text):
        return whole
    return Span(source, whole.start + offsets[start], whole.start + offsets[end])


def _string(raw: str, text: str, one: re.Pattern[str]) -> list[int] | None:
    """The offset of every character into ``raw``, and that of the closing quote."""
    offsets: list[int] = []
    at, last = 1, len(raw) - 1
    while at < last:
        if raw.startswith("${", at):
            closed = template_end(raw, at + 2)
            offsets += range(at, closed)
            at = closed
        else:
            match = one.match(raw, at, last)
            assert match is not None  # noqa: S101 - one character always matches
            offsets.append(at)
            at = match.end()
    return [*offsets, last] if len(offsets) == len(text) else None


def _heredoc(raw: str, text: str) -> list[int] | None:
    """As above: a line of the text is the tail of the one that is written, or the head of the last."""
    offsets: list[int] = []
    *lines, rest = text.split("\n")
    at = raw.find("\n") + 1
    for line in lines:
        end = raw.find("\n", at)
        written = raw[at:end].removesuffix("\r")
        if end < 0 or not written.endswith(line):
            return None
        tail = at + len(written) - len(line)
        offsets += range(tail, tail + len(line) + 1)
        at = end + 1
    return [*offsets, *range(at, at + len(rest) + 1)]
