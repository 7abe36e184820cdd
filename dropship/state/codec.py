"""Frozen dataclasses to and from what JSON can hold.

A field may be a dataclass, an enum (by value), a ``NewType``, a ``Literal``, a ``tuple[X, ...]``, a
``tuple[A, B]``, ``str``, ``int``, ``float``, ``bool``, ``pathlib.Path``, or any of these ``| None``.
Fields that are not known are passed over and fields that are missing take their default: so an
older and a newer reader understand each other as long as fields are only added.

What a type's reader and writer do is worked out once, when the type is first met: a status of
1,000 services has 25,000 values.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NewType, TypeAlias, TypeVar, Union, get_args, get_origin
from typing import get_type_hints as hints_of

from dropship.errors import StateError

T = TypeVar("T")

Spelling: TypeAlias = Callable[[str], str]
"""What a field is called in a document."""

_Reader: TypeAlias = Callable[[Any], Any]
_Writer: TypeAlias = Callable[[Any], Any]

_CURE: Final = "restore the file from a backup, or move it away to start without it"
_SCALARS: Final = (type(None), str, int, float, bool)


def plainly(name: str) -> str:
    """Fields are called in documents as they are here."""
    return name


def encode(value: Any, spelled: Spelling = plainly) -> Any:
    """``value`` as dicts, lists and scalars.

    Raises:
        TypeError: It holds what JSON cannot (a fault of ours).
    """
    cls: type = type(value)
    return _writer(cls, spelled)(value)


def decode(cls: type[T], data: Any, where: str, spelled: Spelling = plainly) -> T:
    """A ``cls`` from what ``encode`` made; ``where`` names the file, for errors.

    Raises:
        StateError: A field is missing or of the wrong type; says which, and in which file.
    """
    try:
        kind: type = cls
        found: T = _reader(kind, spelled)(data)
    except _MisfitError as misfit:
        raise StateError(misfit.told(where), cure=_CURE) from None
    return found


class _MisfitError(Exception):
    """Data that is not of its type. Whoever looks into a field adds its name on the way out."""

    def __init__(self, expected: str, data: Any) -> None:
        self.expected = expected
        self.data = data
        self.field = ""

    def within(self, name: str) -> _MisfitError:
        """The same, seen from what ``name`` is a part of."""
        dot = "" if self.field.startswith("[") or not self.field else "."
        self.field = f"{name}{dot}{self.field}"
        return self

    def told(self, where: str) -> str:
        """In words."""
        place = f"{where}: {self.field}" if self.field else where
        return f"{place} should be {self.expected}, not {_shown(self.data)}"


class _MissingError(_MisfitError):
    """A field that is not there."""

    def told(self, where: str) -> str:
        """In words."""
        return f"{where} has no field {self.field}"


# --- writing --------------------------------------------------------------------------------------


@cache
def _writer(cls: type, spelled: Spelling) -> _Writer:
    if issubclass(cls, Enum):
        return lambda value: encode(value.value, spelled)
    if issubclass(cls, _SCALARS):
        return lambda value: value
    if issubclass(cls, (tuple, list)):
        return lambda value: [encode(item, spelled) for item in value]
    if issubclass(cls, Path):
        return str
    if dataclasses.is_dataclass(cls):
        names = [(spelled(field.name), field.name) for field in dataclasses.fields(cls)]
        return lambda value: {key: encode(getattr(value, name), spelled) for key, name in names}
    raise TypeError(f"cannot write a {cls.__name__}")


# --- reading --------------------------------------------------------------------------------------


@cache
def _reader(kind: Any, spelled: Spelling) -> _Reader:
    if isinstance(kind, NewType):
        return _reader(kind.__supertype__, spelled)
    origin = get_origin(kind)
    if origin is Literal:
        return _one_of(get_args(kind))
    if origin in (Union, types.UnionType):
        return _optional(get_args(kind), spelled)
    if origin is tuple:
        return _tuple(get_args(kind), spelled)
    return _record(kind, spelled) if dataclasses.is_dataclass(kind) else _scalar(kind)


def _record(cls: Any, spelled: Spelling) -> _Reader:
    hints = hints_of(cls)
    missing = dataclasses.MISSING
    fields = [
        (
            spelled(one.name),
            one.name,
            _reader(hints[one.name], spelled),
            one.default is missing and one.default_factory is missing,
        )
        for one in dataclasses.fields(cls)
    ]

    def read(data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise _MisfitError("an object", data)
        given: dict[str, Any] = {}
        for key, name, value, required in fields:
            if key in data:
                try:
                    given[name] = value(data[key])
                except _MisfitError as misfit:
                    raise misfit.within(key) from None
            elif required:
                raise _MissingError("", None).within(key)
        return cls(**given)

    return read


def _optional(choices: tuple[Any, ...], spelled: Spelling) -> _Reader:
    (kind,) = (choice for choice in choices if choice is not type(None))
    value = _reader(kind, spelled)
    return lambda data: None if data is None else value(data)


def _tuple(kinds: tuple[Any, ...], spelled: Spelling) -> _Reader:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return _items(lambda data: [_reader(kinds[0], spelled)] * len(data))
    readers = [_reader(kind, spelled) for kind in kinds]
    return _items(lambda _data: readers)


def _items(readers_of: Callable[[list[Any]], list[_Reader]]) -> _Reader:
    def read(data: Any) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise _MisfitError("a list", data)
        readers = readers_of(data)
        if len(readers) != len(data):
            raise _MisfitError(f"a list of {len(readers)}", data)
        found: list[Any] = []
        for number, (value, item) in enumerate(zip(readers, data, strict=True)):
            try:
                found.append(value(item))
            except _MisfitError as misfit:
                raise misfit.within(f"[{number}]") from None
        return tuple(found)

    return read


def _one_of(choices: tuple[Any, ...]) -> _Reader:
    def read(data: Any) -> Any:
        # 1 == True == 1.0 in Python, not in JSON.
        if not any(choice == data and type(choice) is type(data) for choice in choices):
            raise _MisfitError("one of " + ", ".join(map(repr, choices)), data)
        return data

    return read


def _scalar(kind: Any) -> _Reader:
    if issubclass(kind, Enum):
        known = _one_of(tuple(member.value for member in kind))
        return lambda data: kind(known(data))
    what, types_of = _FITTING[kind]

    def read(data: Any) -> Any:
        if not isinstance(data, types_of) or (isinstance(data, bool) and kind is not bool):
            raise _MisfitError(what, data)
        return kind(data)

    return read


_FITTING: Final[Mapping[type, tuple[str, tuple[type, ...]]]] = types.MappingProxyType(
    {
        bool: ("true or false", (bool,)),
        int: ("a whole number", (int,)),
        float: ("a number", (int, float)),
        str: ("text", (str,)),
        Path: ("text", (str,)),
    }
)


def _shown(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:59] + "…"
