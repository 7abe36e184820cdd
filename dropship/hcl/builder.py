"""Rules to the tree: what the parser calls for each rule that it completes.

The method names are the rules' and their aliases' in ``grammar/hcl.lark``; they get the list of
their children. A builder belongs to one parser and reads one text at a time; ``begin`` starts it
afresh.
"""

from __future__ import annotations

from typing import Any

from dropship.hcl import codes
from dropship.hcl.ast import CallValue, Item, Key, ListValue, ObjectValue, Span, StringValue
from dropship.hcl.diagnostics import Diagnostic, error
from dropship.hcl.tokens import Opened, Terminals


class Builder(Terminals):
    """Puts the tree together."""

    def open_top(self, _children: list[Any]) -> Opened:
        """The file's own body."""
        return Opened("", 0)

    def same(self, children: list[Any]) -> Any:
        """A rule that is only there to say what may follow."""
        return children[0]

    def nothing(self, _children: list[Any]) -> None:
        """Text between ``${`` and ``}``."""

    def add(self, children: list[Any]) -> Any:
        """One more item, key or element."""
        collected = children[0]
        collected.append(children[1])
        return collected

    def first(self, children: list[Any]) -> list[Key]:
        """The first key of an item."""
        return [children[0]]

    def attribute(self, children: list[Any]) -> Item:
        """``key = value``."""
        key = children[0]
        return Item((key,), children[2], key.span)

    def block(self, children: list[Any]) -> Item:
        """``key "label" { … }``."""
        keys, value = children
        return Item(tuple(keys), value, self._header(keys))

    def json_item(self, children: list[Any]) -> Opened:
        """``"key": value``, added to its object."""
        opened: Opened = children[0]
        keys = children[1]
        opened.append(Item(tuple(keys), children[3], self._header(keys)))
        return opened

    def braces(self, children: list[Any]) -> ObjectValue:
        """``{ … }``."""
        opened, closer = children
        self.depth -= 1
        return ObjectValue(tuple(opened), Span(self.source, opened.start, closer.start_pos + 1))

    def brackets(self, children: list[Any]) -> ListValue:
        """``[ … ]``."""
        opened, closer = children
        self.depth -= 1
        return ListValue(tuple(opened), Span(self.source, opened.start, closer.start_pos + 1))

    def deep_string(self, children: list[Any]) -> StringValue:
        """A string with nested braces in its ``${…}``."""
        key = self.deep_key(children)
        return StringValue(key.text, key.span)

    def deep_key(self, children: list[Any]) -> Key:
        """As ``deep_string``, where a key stands."""
        head, _, tail = children
        start, end = head.start_pos, tail.start_pos + len(tail.rstrip())
        text = self._unquoted(self.source.text[start:end], start)
        return Key(text, Span(self.source, start, end), quoted=True)

    def first_argument(self, children: list[Any]) -> list[Any]:
        """A call's name and first argument."""
        return children

    def next_argument(self, children: list[Any]) -> list[Any]:
        """One more argument."""
        children[0].append(children[2])
        return children[0]  # type: ignore[no-any-return]  # what first_argument returned

    def call(self, children: list[Any]) -> CallValue | StringValue:
        """``env(…)`` or ``file(…)``."""
        name, *arguments = children[0] if isinstance(children[0], list) else children[:1]
        function = name.partition("(")[0].rstrip()
        span = Span(self.source, name.start_pos, children[1].start_pos + 1)
        if not 1 <= len(arguments) <= (2 if function == "env" else 1):
            self.faults.append(_bad_call(function, span))
            return StringValue("", span, broken=True)
        return CallValue(function, tuple(arguments), span)

    def hcl(self, children: list[Any]) -> ObjectValue:
        """A whole file."""
        return self.whole(children[0])

    def json(self, children: list[Any]) -> ObjectValue:
        """A whole JSON file."""
        return children[0]  # type: ignore[no-any-return]  # what braces() returned

    def whole(self, items: list[Any]) -> ObjectValue:
        """A file's body of these items."""
        return ObjectValue(tuple(items), Span(self.source, 0, len(self.source.text)))

    def _header(self, keys: list[Key]) -> Span:
        if len(keys) == 1:
            return keys[0].span
        return Span(self.source, keys[0].span.start, keys[-1].span.end)


def _bad_call(function: str, span: Span) -> Diagnostic:
    form = 'env("NAME") or env("NAME", "default")' if function == "env" else 'file("/path")'
    return error(
        codes.BAD_CALL, f"{function}() is called wrongly", span, suggestion=f"write {form}"
    )
