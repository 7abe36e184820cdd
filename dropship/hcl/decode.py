"""A file's body as plain values, in the shape that version 1 decodes it into.

An object is a list of maps, since a key may be repeated: ``foo "a" { x = 1 }`` is
``{"foo": [{"a": [{"x": 1}]}]}``. In a list it is a map. Of a repeated attribute the last one
counts, in the type of the first one; repeated lists are one after the other. The rules are those of version 1's ``decoder.go``
for a target without a type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from dropship.hcl import codes
from dropship.hcl.ast import (
    CallValue,
    Item,
    ListValue,
    NullValue,
    NumberValue,
    ObjectValue,
    StringValue,
    Value,
)
from dropship.hcl.diagnostics import Diagnostic, error
from dropship.hcl.literals import INT64, integer


class Decoder:
    """Decodes bodies; what its calls cannot find is in ``faults`` afterwards.

    ``read`` gives a file's text and raises OSError or UnicodeError.
    """

    def __init__(self, environ: Mapping[str, str], read: Callable[[str], str]) -> None:
        self.faults: list[Diagnostic] = []
        self._environ = environ
        self._read = read

    def object(self, value: ObjectValue) -> dict[str, Any]:
        """The map of an object."""
        found: dict[str, Any] = {}
        labelled = _by_first_key(value.items)
        done: set[str] = set()
        for item in value.items:
            key = item.keys[0].text
            if len(item.keys) == 1:
                self._put(found, key, item.value)
            elif key not in done:
                done.add(key)
                # As in version 1: keys that differ in case alone get each other's blocks.
                same = labelled[_folded(key)]
                _extend(found, key, [self._labels(one) for one in same])
        return found

    def _put(self, found: dict[str, Any], key: str, value: Value) -> None:
        if isinstance(value, ObjectValue):
            _extend(found, key, [self.object(value)])
        elif isinstance(value, ListValue):
            _extend(found, key, [self._value(element) for element in value.elements])
        else:
            found[key] = _like(found.get(key), self._value(value), value)

    def _labels(self, item: Item) -> dict[str, Any]:
        _, *outer, last = item.keys
        inner: dict[str, Any] = {}
        self._put(inner, last.text, item.value)
        for key in reversed(outer):
            inner = {key.text: [inner]}
        return inner

    def _value(self, value: Value) -> Any:
        if isinstance(value, ObjectValue):
            return self.object(value)
        if isinstance(value, ListValue):
            return [self._value(element) for element in value.elements]
        if isinstance(value, NumberValue):
            return _number(value)
        if isinstance(value, CallValue):
            return self._call(value)
        # Version 1 has no null: JSON's is an empty string.
        return "" if isinstance(value, NullValue) else _plain(value)

    def _call(self, call: CallValue) -> str:
        name = call.arguments[0].text
        try:
            if call.function == "file":
                return self._read(name).removesuffix("\n")
            default = call.arguments[1].text if len(call.arguments) > 1 else None
            found = self._environ.get(name, default)
        except (OSError, UnicodeError, ValueError) as cause:
            why = getattr(cause, "strerror", None) or cause
            self.faults.append(error(codes.UNREADABLE, f"{name} cannot be read: {why}", call.span))
            return ""
        if found is None:
            hint = f'write env("{name}", "…") for a default'
            message = f"{name} is not set in the environment"
            self.faults.append(error(codes.UNSET, message, call.span, suggestion=hint))
        return found or ""


def _by_first_key(items: tuple[Item, ...]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        if len(item.keys) > 1:
            found.setdefault(_folded(item.keys[0].text), []).append(item)
    return found


def _folded(key: str) -> str:
    """The key for a comparison without case, one character for one as Go's EqualFold has it."""
    if key.isascii():
        return key.lower()
    return "".join(next(f for f in (c.casefold(), c.lower(), c) if len(f) == 1) for c in key)


def _like(known: Any, plain: Any, value: Value) -> Any:
    """A repeated attribute's value: version 1 decodes it into the type of the one before.

    Where that fails, and version 1 with it, the value stays what it is.
    """
    if isinstance(value, NumberValue):
        if isinstance(known, str):
            return value.text if isinstance(value.value, int) else plain
        if isinstance(known, float) and "x" not in value.text.lower():
            number = float(value.text)
            return number if math.isfinite(number) else plain
    if type(known) is int and isinstance(value, StringValue) and not value.heredoc:
        found = integer(value.text)
        return plain if found is None else found
    return plain


def _extend(found: dict[str, Any], key: str, more: list[Any]) -> None:
    known = found.get(key)
    found[key] = [*known, *more] if isinstance(known, list) else more


def _number(value: NumberValue) -> int | float | str:
    number = value.value
    if isinstance(number, int):
        return number if number in INT64 else value.text
    return number if math.isfinite(number) else value.text


def _plain(value: Any) -> str | bool:
    return value.value if hasattr(value, "value") else value.text  # type: ignore[no-any-return]  # the two kinds left
