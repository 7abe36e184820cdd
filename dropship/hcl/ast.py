"""The tree that a configuration file is read into: what stands where, nothing of what it means.

The shape is version 1's own: a file is an object, an object is a list of items, an item is one or
more keys and a value. ``foo { … }`` and ``foo = { … }`` are the same item.

Its nodes are named tuples, not dataclasses: a file is a hundred thousand of them, and they are made
in half the time, as are their classes at the start of each command.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias


@dataclass(frozen=True, slots=True)
class Source:
    """A text and where it came from.

    Attributes:
        name: Its path as the operator knows it, for diagnostics.
        text: All of it; positions below are offsets into this.
    """

    name: str
    text: str = field(repr=False)
    # Where lines start: found once, since a file may have a thousand diagnostics.
    _starts: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def line(self, offset: int) -> int:
        """The line of an offset."""
        if not self._starts:
            self._starts.append(0)
            while at := self.text.find("\n", self._starts[-1]) + 1:
                self._starts.append(at)
        return bisect_right(self._starts, offset)

    def line_start(self, offset: int) -> int:
        """Where the line of this offset starts; behind a byte order mark, that no editor counts."""
        start = self.text.rfind("\n", 0, offset) + 1
        return 1 if not start and offset and self.text[0] == "\ufeff" else start


class Span(NamedTuple):
    """A piece of a source. Lines and columns count from 1, columns in characters.

    ``end`` is exclusive; the start is ``source.text[start]``.
    """

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the start."""
        return self.source.line(self.start)

    @property
    def column(self) -> int:
        """Column of the start."""
        return self.start - self.source.line_start(self.start) + 1

    @property
    def end_line(self) -> int:
        """Line of the end."""
        return self.source.line(self.end)

    @property
    def end_column(self) -> int:
        """Column just behind the end."""
        return self.end - self.source.line_start(self.end) + 1


class Key(NamedTuple):
    """A key or label, unquoted and with its escapes resolved."""

    text: str
    span: Span
    quoted: bool = False


class StringValue(NamedTuple):
    """A string; ``${…}``, ``{{…}}`` and ``%{…}`` stand in it as written.

    ``broken``: something else, or nothing, stands there; that is told already, ``text`` is a
    guess, and whatever else seems wrong with it is not worth a word.
    """

    text: str
    span: Span
    heredoc: bool = False
    broken: bool = False


class NumberValue(NamedTuple):
    """A number, with its source text, so that ``0755`` can be a string too."""

    value: int | float
    text: str
    span: Span


class BoolValue(NamedTuple):
    """``true`` or ``false``."""

    value: bool
    span: Span


class NullValue(NamedTuple):
    """JSON's ``null``, which HCL text itself cannot write."""

    span: Span


class CallValue(NamedTuple):
    """``env("NAME")``, ``env("NAME", "default")`` or ``file("/path")``: not evaluated here."""

    function: Literal["env", "file"]
    arguments: tuple[StringValue, ...]
    span: Span


class ListValue(NamedTuple):
    """A list."""

    elements: tuple[Value, ...]
    span: Span


class ObjectValue(NamedTuple):
    """What stands between braces. ``span`` runs from brace to brace."""

    items: tuple[Item, ...]
    span: Span


Value: TypeAlias = (
    "StringValue | NumberValue | BoolValue | NullValue | CallValue | ListValue | ObjectValue"
)


class Item(NamedTuple):
    """One key, or a key and labels, and what belongs to it.

    ``span`` is its header: from the first key to the last one.
    """

    keys: tuple[Key, ...]
    value: Value
    span: Span


class Comment(NamedTuple):
    """A comment, markers included."""

    text: str
    span: Span


class File(NamedTuple):
    """A whole file: its body, and the comments, in order."""

    source: Source
    body: ObjectValue
    comments: tuple[Comment, ...] = ()
