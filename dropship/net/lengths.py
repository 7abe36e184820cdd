"""Content-Length and Content-Range (RFC 9110, 8.6 and 14.4): numbers, or a complaint in words.

A number that is none is a ``LengthError`` whose text goes on after "the server": whoever asked
adds where.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dropship.net.lines import in_a_line

# Nothing is longer than 64 bits can say, and Python itself gives up at 4,300 digits.
_MOST_DIGITS: Final = 18
_RANGE: Final = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)")
_SHOWN: Final = 40


class LengthError(ValueError):
    """What a server sends for a number makes no sense."""


class Part(NamedTuple):
    """Where the part begins that an answer brings, and how long the whole is, where it tells."""

    begins: int
    total: int | None


WHOLE: Final = Part(0, None)
"""All of it, as an answer without a range."""


def length(text: str | None) -> int | None:
    """The number of a Content-Length; one that is there several times must be the same each time.

    Raises:
        LengthError: It is no length.
    """
    if text is None:
        return None
    several = {one.strip() for one in text.split(",")}
    one = several.pop()
    if several or not _number(one):
        raise LengthError(f"sends a Content-Length that is no length: {_shown(text)}")
    return int(one)


def part(text: str | None) -> Part:
    """What a Content-Range tells.

    Raises:
        LengthError: There is none, or it is no range of bytes.
    """
    if text is None:
        raise LengthError("sends a part without a Content-Range")
    match = _RANGE.fullmatch(text.strip())
    numbers = match.groups() if match else ()
    if not numbers or not all(_number(one) or one == "*" for one in numbers):
        raise LengthError(f"sends a Content-Range that is none: {_shown(text)}")
    begins, ends, total = numbers
    whole = None if total == "*" else int(total)
    if int(ends) < int(begins) or (whole is not None and int(ends) >= whole):
        raise LengthError(f"sends a Content-Range that is none: {_shown(text)}")
    return Part(int(begins), whole)


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _shown(text: str) -> str:
    return f'"{in_a_line(text, _SHOWN)}"'
