"""Whether two files say the same: the same tree, wherever it stands, and the same comments."""

from __future__ import annotations

from typing import Any

from dropship.hcl.ast import (
    BoolValue,
    CallValue,
    File,
    ListValue,
    NullValue,
    ObjectValue,
    StringValue,
    Value,
)
from dropship.hcl.format_text import comment


def alike(one: File, other: File) -> bool:
    """White space at the ends of comments' lines is no difference, nor are quotes of keys."""
    return _plain(one.body) == _plain(other.body) and _comments(one) == _comments(other)


def _comments(file: File) -> list[str]:
    return [comment(one) for one in file.comments]


def _plain(value: Value) -> Any:
    if isinstance(value, ObjectValue):
        return {
            "items": [([key.text for key in one.keys], _plain(one.value)) for one in value.items]
        }
    if isinstance(value, ListValue):
        return list(map(_plain, value.elements))
    if isinstance(value, CallValue):
        return (value.function, *map(_plain, value.arguments))
    if isinstance(value, StringValue):
        return (value.heredoc, value.text)
    if isinstance(value, BoolValue | NullValue):
        return getattr(value, "value", None)
    return value.text
