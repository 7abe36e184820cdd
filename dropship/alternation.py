"""One pattern for any of many texts, in which what they have in common is written once.

``re`` tries the choices of ``a|b|c`` one after the other at each place of a text, so a plain list of
all secrets of a host, in all their forms, makes a megabyte of output a matter of ten seconds. As a
tree of prefixes (a radix tree, as PATRICIA by D. R. Morrison, 1968) there are never more choices
than characters that may come next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

# Groups within groups: both ``re`` and we go down by calling ourselves.
_DEEPEST: Final = 50


def alternation(texts: Iterable[str]) -> str:
    """A pattern for ``re`` that matches the longest of ``texts`` that stands at a place.

    Empty ones are left out; of none at all it is empty. Lookarounds take a group around it.
    """
    return "|".join(_choices(sorted({*texts} - {""}), 0, 0))


def _choices(texts: list[str], at: int, depth: int) -> list[str]:
    """Patterns for what comes in ``texts``, in order and alike up to ``at``, from there on."""
    if depth > _DEEPEST:
        return [re.escape(one[at:]) for one in sorted(texts, key=len, reverse=True)]
    return [_branch(list(alike), at, depth) for _, alike in groupby(texts, lambda one: one[at])]


def _branch(texts: list[str], at: int, depth: int) -> str:
    """The same, where the next character is one and the same in all of them."""
    # In order, the first and the last differ most.
    pairs = enumerate(zip(texts[0], texts[-1], strict=False))
    end = next((n for n, (one, other) in pairs if one != other), len(texts[0]))
    ends, more = (texts[:1], texts[1:]) if len(texts[0]) == end else ([], texts)
    head = re.escape(texts[0][at:end])
    if not more:
        return head
    return f"{head}(?:{'|'.join(_choices(more, end, depth + 1))}){'?' if ends else ''}"
