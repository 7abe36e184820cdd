"""The items of a block (or file) by their names, and blocks by their labels.

Keys are compared folded: without regard to case, ``_`` and ``-``. Knows the two spellings of
version 1 that mean the same (``a "b" { … }``, ``a = { b = { … } }``) and what JSON makes of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeGuard

from dropship.core.option import fold
from dropship.hcl.ast import Item, Key, ListValue, ObjectValue, Span

_KEYLESS = r"(?:^|[\n{;])[ \t]*=[ \t]*\""

ALIKE: Final = 0.75
"""How alike a key and a word must be to be taken for it; the keys that there are differ by more."""


class Body(NamedTuple):
    """What stands between the braces of a block, or in one or more files.

    Attributes:
        title: How people call it: ``service "web"``.
        header: Where a fault of the whole block is reported.
        items: In the order they are written.
        extents: The text it is made of, from brace to brace.
    """

    title: str
    header: Span
    items: tuple[Item, ...]
    extents: tuple[Span, ...]

    def named(self, *keys: str) -> list[Item]:
        """The items with one of these keys, which must be folded."""
        return [item for item in self.items if item.keys and fold(item.keys[0].text) in keys]

    def mentions(self, keys: Iterable[str], faults: Sequence[Span]) -> bool:
        """Whether an item with such a key was lost to a fault of the language.

        ``faults`` are those inside of this body. True where one of ``keys`` (or nearly, since the
        fault may be in its midst) stands in that part of its text that belongs to no sound item;
        where a value stands there without any key; where the body's own brace is at fault; or
        where it was taken for a label, because the item in front of it has no equals sign.
        """
        wanted = {fold(key) for key in keys}
        if any(fold(key.text) in wanted for item in self.items for key in item.keys[1:]):
            return True
        if any(fault.start == extent.start for fault in faults for extent in self.extents):
            return True
        leftover = self._leftover(faults) if faults else ""
        # As it stands there, and without what may have come into its midst.
        texts = (leftover, re.sub(r"[^\w\s\"{}=-]+", "", leftover))
        words = {fold(word) for text in texts for word in re.findall(r"[A-Za-z][\w-]*", text)}
        return re.search(_KEYLESS, leftover) is not None or any(_near(one, words) for one in wanted)

    def _leftover(self, faults: Sequence[Span]) -> str:
        parts: list[str] = []
        for extent in self.extents:
            at = extent.start
            for item in self.items:
                start, end = item.span.start, item.value.span.end
                sound = not any(start <= fault.start <= end for fault in faults)
                if sound and item.span.source.name == extent.source.name:
                    parts.append(extent.source.text[at:start])
                    at = max(at, end)
            parts.append(extent.source.text[at : extent.end])
        return " ".join(parts)


class Block(NamedTuple):
    """A block: ``label`` is None where it has none, ``extra`` are labels beyond the first."""

    label: Key | None
    extra: tuple[Key, ...]
    body: Body


def blocks(items: Sequence[Item], *, labels: int, nested: bool = True) -> Iterator[Block | Item]:
    """The items as blocks; those that are none come as they are.

    ``labels`` is how many a block of this kind has (0 or 1); ``nested`` whether
    ``kind { label { … } }`` is the same as ``kind "label" { … }`` outside JSON too.
    """
    for item in items:
        for one in _unfold(item, labels, nested=nested or _json(item)):
            yield _block(one, labels) if isinstance(one.value, ObjectValue) else one


def _near(wanted: str, words: Collection[str]) -> bool:
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    return wanted in words or bool(get_close_matches(wanted, words, n=1, cutoff=ALIKE))


def _block(item: Item, labels: int) -> Block:
    assert isinstance(item.value, ObjectValue)  # noqa: S101 - the caller looked
    label = item.keys[1] if labels and len(item.keys) > 1 else None
    title = f'{item.keys[0].text} "{label.text}"' if label else item.keys[0].text
    body = Body(title, item.span, item.value.items, (item.value.span,))
    return Block(label, item.keys[1 + labels :], body)


def _unfold(item: Item, labels: int, *, nested: bool) -> Iterator[Item]:
    value = item.value
    if isinstance(value, ListValue) and value.elements and _all_objects(value):
        for element in value.elements:
            yield from _unfold(item._replace(value=element), labels, nested=nested)
    elif nested and len(item.keys) <= labels and _only_blocks(value):
        for inner in value.items:
            deeper = Item((*item.keys, *inner.keys), inner.value, item.span)
            yield from _unfold(deeper, labels, nested=nested)
    elif len(item.keys) > labels + 1 and _json(item):
        # JSON that holds nothing but objects reads as labels: the last of them is a key again.
        rest = item.keys[labels + 1 :]
        inner = Item(rest, value, rest[0].span)
        yield Item(item.keys[: labels + 1], ObjectValue((inner,), value.span), item.span)
    else:
        yield item


def _all_objects(value: ListValue) -> bool:
    return all(isinstance(element, ObjectValue) for element in value.elements)


def _only_blocks(value: object) -> TypeGuard[ObjectValue]:
    if not isinstance(value, ObjectValue) or not value.items:
        return False
    return all(
        isinstance(item.value, ObjectValue)
        or (isinstance(item.value, ListValue) and item.value.elements and _all_objects(item.value))
        for item in value.items
    )


def _json(item: Item) -> bool:
    return item.span.source.text[:4096].lstrip("\ufeff \t\r\n").startswith("{")
