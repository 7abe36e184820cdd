"""Frozen dataclasses to and from what JSON can hold.

A field may be a dataclass, an enum (by value), a ``NewType``, a ``Literal``, a ``tuple[X, ...]``, a
``tuple[A, B]``, ``str``, ``int``, ``float``, ``bool``, ``pathlib.Path``, or any of these ``| None``.
Fields that are not known are passed over and fields that are missing take their default: so an
older and a newer reader understand each other as long as fields are only added.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NewType, TypeVar, Union, cast, get_args, get_origin
from typing import get_type_hints as hints_of

from dropship.errors import StateError

T = TypeVar("T")

_CURE: Final = "restore the file from a backup, or move it away to start without it"


def encode(value: Any) -> Any:
    """``value`` as dicts, lists and scalars.

    Raises:
        TypeError: It holds what JSON cannot (a fault of ours).
    """
    if isinstance(value, Enum):
        return encode(value.value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: encode(getattr(value, name)) for name in _names(type(value))}
    raise TypeError(f"cannot write a {type(value).__name__}")


def decode(cls: type[T], data: Any, where: str) -> T:
    """A ``cls`` from what ``encode`` made; ``where`` names the file, for errors.

    Raises:
        StateError: A field is missing or of the wrong type; says which, and in which file.
    """
    return cast("T", _value(cls, data, where, ""))


def _value(kind: Any, data: Any, where: str, field: str) -> Any:
    if isinstance(kind, NewType):
        return _value(kind.__supertype__, data, where, field)
    origin = get_origin(kind)
    if origin is Literal:
        return _one_of(get_args(kind), data, where, field)
    if origin in (Union, types.UnionType):
        return _optional(get_args(kind), data, where, field)
    if origin is tuple:
        return _tuple(get_args(kind), data, where, field)
    read = _record if dataclasses.is_dataclass(kind) else _scalar
    return read(kind, data, where, field)


def _record(cls: type, data: Any, where: str, field: str) -> Any:
    if not isinstance(data, Mapping):
        raise _fault(where, field, "an object", data)
    hints = _hints(cls)
    given: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        name = f"{field}.{item.name}" if field else item.name
        if item.name in data:
            given[item.name] = _value(hints[item.name], data[item.name], where, name)
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise StateError(f"{where} has no field {name}", cure=_CURE)
    return cls(**given)


def _optional(choices: tuple[Any, ...], data: Any, where: str, field: str) -> Any:
    if data is None and type(None) in choices:
        return None
    (kind,) = (choice for choice in choices if choice is not type(None))
    return _value(kind, data, where, field)


def _tuple(kinds: tuple[Any, ...], data: Any, where: str, field: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise _fault(where, field, "a list", data)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(data)
    if len(kinds) != len(data):
        raise _fault(where, field, f"a list of {len(kinds)}", data)
    pairs = zip(kinds, data, strict=True)
    return tuple(_value(kind, item, where, f"{field}[{i}]") for i, (kind, item) in enumerate(pairs))


def _one_of(choices: tuple[Any, ...], data: Any, where: str, field: str) -> Any:
    # 1 == True == 1.0 in Python, not in JSON.
    if not any(choice == data and type(choice) is type(data) for choice in choices):
        raise _fault(where, field, "one of " + ", ".join(map(repr, choices)), data)
    return data


_SCALARS: Final[Mapping[type, tuple[str, Callable[[Any], bool]]]] = types.MappingProxyType(
    {
        bool: ("true or false", lambda data: isinstance(data, bool)),
        int: ("a whole number", lambda data: isinstance(data, int) and not isinstance(data, bool)),
        float: (
            "a number",
            lambda data: isinstance(data, (int, float)) and not isinstance(data, bool),
        ),
        str: ("text", lambda data: isinstance(data, str)),
        Path: ("text", lambda data: isinstance(data, str)),
    }
)


def _scalar(kind: Any, data: Any, where: str, field: str) -> Any:
    if issubclass(kind, Enum):
        return kind(_one_of(tuple(member.value for member in kind), data, where, field))
    what, fits = _SCALARS[kind]
    if not fits(data):
        raise _fault(where, field, what, data)
    return kind(data)


def _fault(where: str, field: str, expected: str, data: Any) -> StateError:
    place = f"{where}: {field}" if field else where
    return StateError(f"{place} should be {expected}, not {_shown(data)}", cure=_CURE)


def _shown(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:59] + "…"


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _hints(cls: type) -> dict[str, Any]:
    return hints_of(cls)
