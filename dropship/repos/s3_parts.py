"""How an object was cut into parts when it was uploaded, asked of a store that knows.

The ETag of such an object is the md5 of the parts' md5s, so whoever knows the parts' sizes can
tell whether bytes are the right ones. Nothing is ever guessed: with wrong sizes good bytes would
be refused for ever. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from dropship.core.checksum import Parts
from dropship.core.values import Md5, Token

_TOKEN: Final = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,4})")
_MOST_PARTS: Final = 10_000
_MOST_QUESTIONS: Final = 64
# Nobody listens while a store is asked; one that is slow must not look like a worker that hangs.
_LONGEST_SECONDS: Final = 10.0


def count(token: Token) -> int | None:
    """Of how many parts it was made, if it was."""
    match = _TOKEN.fullmatch(token)
    number = int(match[2]) if match else 0
    return number if 0 < number <= _MOST_PARTS else None


def parts(
    token: Token,
    total: int | None,
    size_of: Callable[[int], int | None],
    clock: Callable[[], float] = time.monotonic,
) -> Parts | None:
    """The parts of an object of ``total`` bytes; None where they cannot be learnt.

    ``size_of`` asks for the bytes of one part, from 1 on: None where the store does not tell.
    Parts that differ are each asked for, and not learnt from a store that is too slow for that.
    """
    match, many = _TOKEN.fullmatch(token), count(token)
    if match is None or many is None or not total:
        return None
    until = clock() + _LONGEST_SECONDS
    sizes = _sizes(total, many, lambda number: size_of(number) if clock() <= until else None)
    return Parts(sizes, Md5(match[1]), "raw") if sizes else None


def _sizes(total: int, many: int, size_of: Callable[[int], int | None]) -> tuple[int, ...] | None:
    if many == 1:
        return (total,)
    first = size_of(1)
    if first is None or not 0 < first < total:
        return None
    last = total - (many - 1) * first
    # What differs in the middle would have to make up for it to the byte.
    if last > 0 and (many == 2 or size_of(many) == last):
        return (*(first,) * (many - 1), last)
    if many > _MOST_QUESTIONS:
        return None
    found = [first]
    for number in range(2, many + 1):
        size = size_of(number)
        if not size:
            return None
        found.append(size)
    return tuple(found) if sum(found) == total else None


def size(answer: Mapping[str, Any], token: Token) -> int | None:
    """Bytes of the part that an answer to ``HEAD`` with a part's number is of.

    A store that does not know parts tells the length of all of it, and no number of parts.
    """
    told, known = str(answer.get("PartsCount", "")), answer.get("ContentLength")
    same = str(answer.get("ETag", "")).strip('"') == token
    return known if same and told == str(count(token)) and isinstance(known, int) else None
