"""Which block a missing brace is missing from: indentation tells, where the grammar cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dropship.hcl.ast import Item, ListValue, ObjectValue, Value
from dropship.hcl.scan import indent, opens_line
from dropship.hcl.tokens import Opened


@dataclass(frozen=True, slots=True)
class Missing:
    """A brace that is missing.

    Attributes:
        opener: The offset of the ``{`` that nothing closes.
        place: Where the ``}`` belongs: in front of the token at this offset.
        taken: The offset of a ``}`` further on that closes it instead.
    """

    opener: int
    place: int
    taken: int | None


def missing(opened: list[Opened], text: str) -> Missing | None:
    """The first brace that is missing from a text, of which these blocks are open at the end."""
    found = [*_misplaced(opened, text), *_outgrown(opened, text)]
    return min(found, key=lambda one: one.place, default=None)


def _misplaced(opened: list[Opened], text: str) -> Iterator[Missing]:
    """Blocks whose closer stands further left than the line that opens them."""
    for one in opened:
        for block in _blocks(item.value for item in one):
            start, closer = block.span.start, block.span.end - 1
            if text[closer] != "}":  # made up by an earlier reading
                continue
            if opens_line(text, closer) and indent(text, closer) < indent(text, start):
                yield Missing(start, closer, closer)


def _outgrown(opened: list[Opened], text: str) -> Iterator[Missing]:
    """Open blocks that hold an item which is indented no further than the block itself."""
    for one in reversed(opened):
        limit = indent(text, one.start)
        line = text.find("\n", one.start)
        for item in one:
            at = _start(item)
            if at > line >= 0 and opens_line(text, at) and indent(text, at) <= limit:
                yield Missing(one.start, at, None)
                break


def _start(item: Item) -> int:
    return item.span.start


def _blocks(values: Iterator[Value]) -> Iterator[ObjectValue]:
    for value in values:
        if isinstance(value, ObjectValue):
            yield value
            yield from _blocks(item.value for item in value.items)
        elif isinstance(value, ListValue):
            yield from _blocks(iter(value.elements))
