"""The tree as plain values, with the place of everything: what ``--ast`` prints."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from dropship.hcl.ast import (
    BoolValue,
    CallValue,
    File,
    Item,
    Key,
    ListValue,
    NullValue,
    NumberValue,
    ObjectValue,
    Span,
    StringValue,
    Value,
)

_WHOLE = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|[0-9]+)\Z")


def dump(file: File) -> dict[str, Any]:
    """A file's items and comments. Lines and columns count from 1, the end is exclusive."""
    places = _Places(file.source.text)
    comments = [{"text": one.text, **places.of(one.span)} for one in file.comments]
    return {"items": [_item(item, places) for item in file.body.items], "comments": comments}


class _Places:
    """Lines and columns of offsets, found without counting from the start each time."""

    def __init__(self, text: str) -> None:
        self._starts = [int(text.startswith("\ufeff"))]  # a byte order mark is in no column
        while (at := text.find("\n", self._starts[-1])) >= 0:
            self._starts.append(at + 1)

    def of(self, span: Span) -> dict[str, int]:
        line, column = self._at(span.start)
        end_line, end_column = self._at(span.end)
        return {"line": line, "col": column, "end_line": end_line, "end_col": end_column}

    def _at(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def _item(item: Item, places: _Places) -> dict[str, Any]:
    return {"keys": [_key(key, places) for key in item.keys], "val": _value(item.value, places)}


def _key(key: Key, places: _Places) -> dict[str, Any]:
    kind = "STRING" if key.quoted else "IDENT"
    return {"type": kind, "value": key.text, **places.of(key.span)}


def _value(value: Value, places: _Places) -> dict[str, Any]:
    place = places.of(value.span)
    if isinstance(value, ObjectValue):
        return {"kind": "object", "items": [_item(one, places) for one in value.items], **place}
    if isinstance(value, ListValue):
        return {"kind": "list", "items": [_value(one, places) for one in value.elements], **place}
    if isinstance(value, CallValue):
        arguments = [_value(one, places) for one in value.arguments]
        return {"kind": "call", "function": value.function, "arguments": arguments, **place}
    kind, plain = _literal(value)
    return {"kind": "literal", "type": kind, "value": plain, **place}


def _literal(value: Value) -> tuple[str, Any]:
    if isinstance(value, StringValue):
        return "HEREDOC" if value.heredoc else "STRING", value.text
    if isinstance(value, NumberValue):
        # The text: a number may be larger, or more exact, than JSON's readers hold.
        return "NUMBER" if _WHOLE.match(value.text) else "FLOAT", value.text
    if isinstance(value, BoolValue):
        return "BOOL", value.value
    assert isinstance(value, NullValue)  # noqa: S101  the others are told apart above
    return "NULL", None
