"""``foo { … }`` or ``foo = { … }``: the same in version 1 of HCL, but not in version 2.

There the one is a block, whose keys are names, each once unless they are blocks themselves; the
other is an attribute, that stands once, and holds no labels. Items are left as they were written,
unless only the other way is one that version 2 reads.
"""

from __future__ import annotations

import re
from collections import Counter

from dropship.hcl.ast import Item, ListValue, ObjectValue, Value
from dropship.hcl.format_text import identifier

_COMMENT = re.compile(r"(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)


class Styles:
    """Decides for the items of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bodies: dict[int, bool] = {}

    def equals(self, item: Item) -> int:
        """The offset of an item's ``=``; of its value where it has none."""
        start, end = item.keys[-1].span.end, item.value.span.start
        between = self._text[start:end]
        if "=" in between:
            bare = _COMMENT.sub(lambda match: " " * len(match[0]), between)
            if "=" in bare:
                return start + bare.index("=")
        return end

    def assigned(self, body: ObjectValue, *, expression: bool) -> list[bool]:
        """For each item whether it is written with ``=``.

        ``expression``: the body is what version 2 calls an object, where nothing else can stand.
        """
        if expression:
            return [len(item.keys) == 1 for item in body.items]
        written = [self._written(item) for item in body.items]
        if not any(map(_either, body.items)):
            return written
        names = _names(body)
        attributes = Counter(
            item.keys[0].text for item, how in zip(body.items, written, strict=True) if how
        )
        return [
            self._chosen(
                item, alone=(attributes if how else names)[item.keys[0].text] == 1, how=how
            )
            if _either(item)
            else how
            for item, how in zip(body.items, written, strict=True)
        ]

    def _written(self, item: Item) -> bool:
        if _either(item):
            return self.equals(item) < item.value.span.start
        return len(item.keys) == 1

    def _chosen(self, item: Item, *, alone: bool, how: bool) -> bool:
        if not identifier(item.keys[0].text):
            return how
        block = self._is_body(item.value)
        attribute = alone and _is_expression(item.value)
        return how if block == attribute else attribute

    def _is_body(self, value: Value) -> bool:
        """Whether version 2 reads an object as a block's body, its items in either way.

        That attributes stand there once is no condition: in its objects they may stand twice, but
        whoever writes a block so has made a mistake, which is not to be covered up.
        """
        assert isinstance(value, ObjectValue)  # noqa: S101  others have no choice
        known = self._bodies.get(id(value))
        if known is None:
            names = _names(value)
            known = all(self._fits(item, names) for item in value.items)
            self._bodies[id(value)] = known
        return known

    def _fits(self, item: Item, names: Counter[str]) -> bool:
        name = item.keys[0].text
        if not identifier(name):
            return False
        if not isinstance(item.value, ObjectValue):
            return _is_expression(item.value)
        if self._is_body(item.value):
            return True
        return len(item.keys) == 1 and names[name] == 1 and _is_expression(item.value)


def _either(item: Item) -> bool:
    return len(item.keys) == 1 and isinstance(item.value, ObjectValue)


def _names(body: ObjectValue) -> Counter[str]:
    return Counter(item.keys[0].text for item in body.items if len(item.keys) == 1)


def _is_expression(value: Value) -> bool:
    """Whether version 2 reads a value as an attribute's, once its objects' items have a ``=``."""
    if isinstance(value, ObjectValue):
        return all(len(item.keys) == 1 and _is_expression(item.value) for item in value.items)
    if isinstance(value, ListValue):
        return all(map(_is_expression, value.elements))
    return True
