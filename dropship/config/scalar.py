"""One value of the tree → one Python value, by the type that a field is declared with.

Refuses by raising ``FaultError``; knows nothing of keys, blocks or services. What is accepted
for which type stands in ``core.option``; what version 1 of the language converts silently
(``"5"`` for a number, ``1`` for true) is converted here too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from os.path import normpath
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, Final, Literal, TypeVar, Union, get_args, get_origin

from dropship.config import hints
from dropship.config.resolver import Resolver
from dropship.config.written import written
from dropship.core.template import Template
from dropship.core.template_error import TemplateError
from dropship.core.values import Duration, Md5, Named, Secret, Share, Size, Strings
from dropship.hcl.ast import (
    BoolValue,
    CallValue,
    Item,
    ListValue,
    NullValue,
    NumberValue,
    ObjectValue,
    Span,
    StringValue,
    Value,
)

_Part = TypeVar("_Part")
_Read = TypeVar("_Read")

# strconv.ParseBool, by which version 1 reads strings and numbers as booleans.
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_MOST: Final = (1 << 63) - 1  # of a number, and of bytes: what the kernel counts with
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,400}")
_MD5: Final = re.compile(r"[0-9a-f]{32}")


class FaultError(Exception):
    """A value does not fit.

    Attributes:
        message: What is wrong, to follow the key's name.
        span: Which part of it.
        code: E204 for the wrong kind of value, E205 for the wrong value, E206 for no choice.
        suggestion: What to write instead.
        shown: The message quotes nothing that must not be shown, whatever the key.
        hint_shown: The suggestion quotes nothing of it, even if the message does.
        others: More that does not fit, where the value has several parts.
    """

    hint_shown: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        span: Span,
        *,
        code: str = "E205",
        suggestion: str | None = None,
        shown: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.code = code
        self.suggestion = suggestion
        self.shown = shown
        self.others: tuple[FaultError, ...] = ()


class TemplateFaultError(FaultError):
    """A template is none; hints are made of what there is, never of what was written."""

    hint_shown: ClassVar[bool] = True


@lru_cache(maxsize=256)
def bare(hint: Any) -> Any:
    """The type without ``| None``."""
    if get_origin(hint) in (Union, UnionType):
        some = [one for one in get_args(hint) if one is not type(None)]
        return some[0]
    return hint


class Scalars:
    """Converts values; ``cwd`` is what relative paths are relative to."""

    def __init__(self, resolver: Resolver, cwd: Path) -> None:
        self._resolver = resolver
        self._cwd = cwd
        self._own: dict[Any, Callable[[Value, int], Any]] = {
            bool: self._bool,
            int: self._int,
            float: self._float,
            Duration: self._duration,
            Size: self._size,
            Share: self._share,
            Path: self._path,
            Md5: self._md5,
            Secret: self._secret,
        }

    def read(self, value: Value, hint: Any, least: int = 0) -> Any:
        """The value as ``hint`` has it, not below ``least``.

        Raises:
            FaultError: It does not fit.
            UnresolvedError: It is an ``env()`` or ``file()`` that stands for nothing here.
        """
        hint = bare(hint)
        if get_origin(hint) is tuple:
            return self._tuple(value, get_args(hint)[0], least)
        if get_origin(hint) is Literal:
            return self._choice(value, get_args(hint))
        if isinstance(hint, type) and issubclass(hint, Named):
            return self._named(value, hint)
        if isinstance(value, ListValue | ObjectValue):
            raise _wrong_kind(value, hint)
        return self._one(value, hint, least)

    def _one(self, value: Value, hint: Any, least: int) -> Any:
        own = self._own.get(hint)
        if own is not None:
            return own(value, least)
        text = self._text(value, hint)
        if hint is str:
            return text
        return _parsed(hint, text, value)

    def _tuple(self, value: Value, element: Any, least: int) -> tuple[Any, ...]:
        if not isinstance(value, ListValue):
            return (self.read(value, element, least),)
        return tuple(_each(lambda one: self.read(one, element, least), value.elements))

    def _choice(self, value: Value, choices: tuple[Any, ...]) -> Any:
        text = self._text(value, str)
        for choice in choices:
            if text == str(choice):
                return choice
        there_is = ", ".join(str(choice) for choice in choices)
        raise FaultError(
            f'"{text}" is none of: {there_is}',
            value.span,
            code="E206",
            suggestion=hints.near(text, [str(choice) for choice in choices]),
        )

    def _named(self, value: Value, hint: type[Named[Any]]) -> Named[Any]:
        if not isinstance(value, ObjectValue):
            raise _wrong_kind(value, Strings)
        return hint(dict(_each(lambda item: self._name(item, hint), value.items)))

    def _name(self, item: Item, hint: type[Named[Any]]) -> tuple[str, Any]:
        if len(item.keys) != 1:
            raise FaultError("one name and one value are wanted", item.span, code="E204")
        name, inner = item.keys[0], item.value
        _encodable(name.text, name.span)
        text = _word(inner) or self._text(inner, str)
        return name.text, text if hint is Strings else _parsed(Template, text, inner)

    def _text(self, value: Value, hint: Any) -> str:
        if isinstance(value, StringValue | NumberValue):
            text = value.text
        elif isinstance(value, CallValue):
            text = self._resolver.text(value)
        else:
            raise _wrong_kind(value, hint)
        return _encodable(text, value.span)

    def _bool(self, value: Value, _least: int) -> bool:
        if isinstance(value, BoolValue):
            return value.value
        text = self._text(value, bool)
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        message = f'"{text}" is neither true nor false'
        raise FaultError(message, value.span, suggestion=hints.truth(text))

    def _int(self, value: Value, least: int) -> int:
        if isinstance(value, NumberValue):
            if not isinstance(value.value, int):
                raise FaultError(f"{value.text} is not a whole number", value.span)
            number = value.value
        else:
            text = self._text(value, int).strip()
            if not _WHOLE.fullmatch(text):
                raise FaultError(f'"{text}" is not a whole number', value.span)
            number = int(text)
        _in_range(number, least, _MOST, value.span)
        return number

    def _float(self, value: Value, least: int) -> float:
        text = self._text(value, float)
        try:
            number = float(value.value) if isinstance(value, NumberValue) else float(text)
        except (ValueError, OverflowError):
            raise FaultError(f'"{text}" is not a number', value.span) from None
        if number != number:  # noqa: PLR0124 - that is what nan is
            raise FaultError(f'"{text}" is not a number', value.span)
        _in_range(number, least, sys.float_info.max, value.span)
        return number

    def _duration(self, value: Value, least: int) -> Duration:
        text = self._text(value, Duration)
        try:
            length = Duration.parse(text)
        except ValueError as error:
            raise FaultError(str(error), value.span, suggestion=hints.duration(text)) from None
        if length.nanoseconds < least:
            raise FaultError(f'"{text}" {_too_short(least)}', value.span)
        return length

    def _size(self, value: Value, least: int) -> Size:
        size: Size = self._bytes(value, Size)
        if size.bytes < least:
            raise FaultError("must be more than 0", value.span)
        return size

    def _share(self, value: Value, _least: int) -> Share:
        share: Share = self._bytes(value, Share)
        return share

    def _bytes(self, value: Value, hint: Any) -> Any:
        text = self._text(value, hint)
        if isinstance(value, NumberValue) and isinstance(value.value, int):
            text = str(value.value) if value.value <= _MOST else text
        try:
            found = hint.parse(text)
        except ValueError as error:
            raise FaultError(str(error), value.span, suggestion=hints.size(text)) from None
        if found.bytes > _MOST:
            raise FaultError(f'"{text}" is more than any disk holds', value.span)
        return found

    def _path(self, value: Value, _least: int) -> Path:
        text = self._text(value, Path)
        if not text.strip():
            raise FaultError("the path is empty", value.span)
        # As Go's filepath.Clean, so that "./usr/bin/" and "usr/bin" are one place.
        # POSIX lets "//" at the start mean something else; Linux does not, nor did Go.
        return Path("/" + normpath(self._cwd / text).lstrip("/"))

    def _md5(self, value: Value, _least: int) -> Md5:
        text = self._text(value, str)
        md5 = text.strip().strip('"').lower()
        if not _MD5.fullmatch(md5):
            raise FaultError(f'"{text}" is not an md5 (32 hex digits)', value.span)
        return Md5(md5)

    def _secret(self, value: Value, _least: int) -> Secret:
        return Secret(self._text(value, Secret))


def _each(read: Callable[[_Part], _Read], parts: Iterable[_Part]) -> list[_Read]:
    """All parts of a value, or the faults of all of them in one."""
    found: list[_Read] = []
    faults: list[FaultError] = []
    for part in parts:
        try:
            found.append(read(part))
        except FaultError as fault:
            faults.append(fault)
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]
    return found


_WANTED: Final[dict[Any, str]] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Duration: 'a duration such as "10s"',
    Size: 'a size such as "10MB"',
    Share: 'a size such as "1GB" or a percentage such as "5%"',
    Strings: "a block of names and strings",
}


def _wrong_kind(value: Value, hint: Any) -> FaultError:
    wanted = _WANTED.get(hint, "a string")
    quote = isinstance(value, BoolValue) and wanted == "a string"
    suggestion = f'write "{str(value.value).lower()}"' if quote else None  # type: ignore[union-attr]  # quote says it is a BoolValue
    return FaultError(
        f"must be {wanted}, not {called(value)}", value.span, code="E204", suggestion=suggestion
    )


def called(value: Value) -> str:
    """What people call such a value."""
    return {
        StringValue: "a string",
        NumberValue: "a number",
        BoolValue: "a boolean",
        NullValue: "null",
        CallValue: "a call",
        ListValue: "a list",
        ObjectValue: "a block",
    }[type(value)]


def _in_range(number: float, least: int, most: float, span: Span) -> None:
    if number < least:
        raise FaultError(f"{number} is too small, the least is {least}", span)
    if number > most:
        shown = str(number) if number < 1e40 else "this"
        raise FaultError(f"{shown} is too large, the most is {most}", span)


def _too_short(least: int) -> str:
    """Of a duration."""
    if least > 1:
        return f"is too short, the least is {written(Duration(least))}"
    return "must be more than 0" if least else "must not be negative"


def _word(value: Value) -> str:
    """``true`` in an ``env {}`` block means the word."""
    return str(value.value).lower() if isinstance(value, BoolValue) else ""


def _encodable(text: str, span: Span) -> str:
    """No text here may upset the kernel or a file: no NUL, no lone surrogate."""
    if "\0" in text:
        raise FaultError("holds a NUL character", span)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FaultError("holds half of a surrogate pair, which is no character", span) from None
    return text


def _parsed(hint: Any, text: str, value: Value) -> Any:
    parse = getattr(hint, "parse", None)
    if parse is None:
        return text  # a NewType of str
    try:
        return parse(text)
    except TemplateError as error:
        from dropship.hcl.inside import inside  # noqa: PLC0415 - only where something is wrong

        span = value.span
        if isinstance(value, StringValue):
            span = inside(value, error.start, error.end)
        raise TemplateFaultError(str(error), span, suggestion=error.hint or None) from None
    except ValueError as error:
        raise FaultError(str(error), value.span) from None
