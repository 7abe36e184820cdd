"""The tree that a configuration file is read into: what stands where, nothing of what it means.

The shape is version 1's own: a file is an object, an object is a list of items, an item is one or
more keys and a value. ``foo "bar" { … }`` and ``foo "bar" = { … }`` are the same item, and so is
``foo = { … }`` for a lone key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Source:
    """A text and where it came from.

    Attributes:
        name: Its path as the operator knows it, for diagnostics.
        text: All of it; positions below are offsets into this.
    """

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a source. Lines and columns count from 1, columns in characters.

    ``end`` is exclusive; the start is ``source.text[start]``.
    """

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the start."""
        return self.source.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """Column of the start."""
        return self.start - self.source.text.rfind("\n", 0, self.start)

    @property
    def end_line(self) -> int:
        """Line of the end."""
        return self.source.text.count("\n", 0, self.end) + 1

    @property
    def end_column(self) -> int:
        """Column just behind the end."""
        return self.end - self.source.text.rfind("\n", 0, self.end)


@dataclass(frozen=True, slots=True)
class Key:
    """A key or label, unquoted and with its escapes resolved."""

    text: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class StringValue:
    """A string; ``${…}``, ``{{…}}`` and ``%{…}`` stand in it as written.

    ``broken``: something else, or nothing, stands there; that is told already, ``text`` is a
    guess, and whatever else seems wrong with it is not worth a word.
    """

    text: str
    span: Span
    heredoc: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True)
class NumberValue:
    """A number, with its source text, so that ``0755`` can be a string too."""

    value: int | float
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class BoolValue:
    """``true`` or ``false``."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class NullValue:
    """JSON's ``null``, which HCL text itself cannot write."""

    span: Span


@dataclass(frozen=True, slots=True)
class CallValue:
    """``env("NAME")``, ``env("NAME", "default")`` or ``file("/path")``: not evaluated here."""

    function: Literal["env", "file"]
    arguments: tuple[StringValue, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list."""

    elements: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """What stands between braces. ``span`` runs from brace to brace."""

    items: tuple[Item, ...]
    span: Span


Value: TypeAlias = (
    "StringValue | NumberValue | BoolValue | NullValue | CallValue | ListValue | ObjectValue"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One key, or a key and labels, and what belongs to it.

    ``span`` is its header: from the first key to the last one.
    """

    keys: tuple[Key, ...]
    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, markers included."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class File:
    """A whole file: its body, and the comments, in order."""

    source: Source
    body: ObjectValue
    comments: tuple[Comment, ...] = ()
