"""Versions: in what order they stand, and which of them a constraint admits.

Three orders. ``semver``: https://semver.org/#spec-item-11, but with any count of numbers (missing
ones are 0) and with a leading ``v`` or without; what follows the numbers is a pre-release also
without its hyphen (``2.1.0rc1``). ``natural``: numbers in a text count as numbers, the rest as
text. ``date``: a day, perhaps a time, perhaps more, which then counts as ``natural``.

A constraint is one clause, or several with commas between, which must all hold: ``~> 2.1`` (that
or newer, below 3), ``>=``, ``>``, ``<``, ``<=``, ``=``, ``!=`` and a version, a version alone
(that one), ``2.*`` (of semver, whatever begins with these numbers; else with this text).
A pre-release is admitted only where a clause asks for one: it names one, and does not leave it out
(``!=``) or end with it (``<``, ``<=``). Below 3 is none of 3's, either.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

Order = Literal["semver", "natural", "date"]

Key: TypeAlias = tuple[Any, ...]
"""Keys of one order compare as their versions do."""

_LONGEST: Final = 255  # characters, as of a file's name; Python itself has bounds for numbers


class VersionError(ValueError):
    """A constraint that is none; the text goes on after its name."""

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


_SEMVER: Final = re.compile(
    r"v?(?P<numbers>\d+(?:\.\d+)*)(?:-(?P<pre>[0-9A-Za-z.-]+)|(?P<bare>[A-Za-z][0-9A-Za-z.-]*))?"
    r"(?:\+(?P<build>[0-9A-Za-z.-]+))?",
    re.ASCII,
)
_DATE: Final = re.compile(
    r"\D*(?P<year>[12]\d{3})[-._]?(?P<month>0[1-9]|1[0-2])(?:[-._]?(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:[-._T ]?(?P<hour>[01]\d|2[0-3])[-.:_]?(?P<minute>[0-5]\d)(?:[-.:_]?(?P<second>[0-5]\d))?)?)?"
    r"(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)
_PIECES: Final = re.compile(r"(\d+)|(\D+)", re.ASCII)


def key(order: Order, text: str) -> Key | None:
    """What compares as the version does; None if ``text`` is no version of that order."""
    return _KEYS[order](text) if len(text) <= _LONGEST else None


def older(order: Order, one: str, other: str) -> bool:
    """Whether ``one`` comes before ``other``; not, if either is no version of that order."""
    first, second = key(order, one), key(order, other)
    return first is not None and second is not None and first < second


def _semver(text: str) -> Key | None:
    match = _SEMVER.fullmatch(text)
    if match is None:
        return None
    pre = match["pre"] or match["bare"]
    # No pre-release comes after all of them; builds do not count, but some order is needed.
    return _numbers(match["numbers"]), _pre(pre) if pre else ((2,),), _natural(match["build"] or "")


def _numbers(text: str) -> tuple[int, ...]:
    numbers = [int(one) for one in text.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _pre(text: str) -> Key:
    return tuple((0, int(one)) if one.isdigit() else (1, _natural(one)) for one in text.split("."))


def _natural(text: str) -> Key:
    return tuple(
        (0, int(number), "") if number else (1, 0, other) for number, other in _PIECES.findall(text)
    )


def _date(text: str) -> Key | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    parts = ("year", "month", "day", "hour", "minute", "second")
    return tuple(int(match[one] or 0) for one in parts), _natural(match["rest"])


_KEYS: Final[Mapping[Order, Callable[[str], Key | None]]] = MappingProxyType(
    {"semver": _semver, "natural": _natural, "date": _date}
)


# --- constraints ----------------------------------------------------------------------------------

_CLAUSE: Final = re.compile(r"(~>|>=|<=|==|!=|=|>|<|\^|~)?\s*(\S+)")
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "=": operator.eq,
        "==": operator.eq,
        "!=": operator.ne,
        ">": operator.gt,
        ">=": operator.ge,
        "<": operator.lt,
        "<=": operator.le,
    }
)
_EXAMPLES: Final = 'write it as "~> 2.1", ">= 1.0, < 3" or "2.*"'


@dataclass(frozen=True, slots=True)
class Constraint:
    """Which versions are wanted.

    Attributes:
        order: Of the versions.
        text: As it was written; empty: any.
    """

    order: Order = "semver"
    text: str = ""

    def check(self) -> None:
        """See that it is one.

        Raises:
            VersionError: It is none.
        """
        for clause in self._clauses():
            _admitting(self.order, clause)

    def admits(self, version: str) -> bool:
        """Whether this version is wanted; ``check`` has been asked before."""
        found = key(self.order, version)
        if found is None:
            return False
        clauses = self._clauses()
        if self.order == "semver" and _is_pre(version) and not any(map(_asks_for_pre, clauses)):
            return False
        return all(_admitting(self.order, one)(version, found) for one in clauses)

    def _clauses(self) -> list[str]:
        return [one.strip() for one in self.text.split(",")] if self.text.strip() else []


def _is_pre(text: str) -> bool:
    """Whether a version, or that of a clause, is a pre-release."""
    match = _SEMVER.fullmatch(text.lstrip("~><=! "))
    return match is not None and bool(match["pre"] or match["bare"])


def _asks_for_pre(clause: str) -> bool:
    return not clause.startswith(("!", "<")) and _is_pre(clause)


_Admits: TypeAlias = Callable[[str, Key], bool]


def _admitting(order: Order, clause: str) -> _Admits:
    """What tells whether a clause holds for a version with this key.

    Raises:
        VersionError: It is no clause.
    """
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise VersionError("there is nothing between two commas" if not clause else
                           f'"{clause}" is no constraint', _EXAMPLES)  # fmt: skip
    sign, said = match[1] or "", match[2]
    if sign in {"^", "~"}:
        raise VersionError(f'"{sign}" is not known here', f"write ~> {said}")
    if said.endswith("*") or (order == "semver" and said.endswith((".x", ".X"))):
        return _beginning(order, sign, said)
    wanted = key(order, said)
    if wanted is None:
        raise VersionError(f'"{said}" is no version of the order {order}', _EXAMPLES)
    if sign == "~>":
        return _pessimistic(order, said)
    if sign == "<" and order == "semver" and not _is_pre(said):
        return lambda _, found: found < wanted and found[0] != wanted[0]
    compare = _COMPARE[sign or "="]
    return lambda _, found: compare(found, wanted)


def _beginning(order: Order, sign: str, said: str) -> _Admits:
    begins = said[:-1]
    if sign not in {"", "=", "=="}:
        raise VersionError(f'"{sign}" takes a whole version, not {said}', f'write "{said}" alone')
    if order != "semver":
        return lambda version, _: version.startswith(begins)
    match = re.fullmatch(r"v?((?:\d+\.)*)", begins, re.ASCII)
    if match is None:
        raise VersionError(
            f'"{said}" is no version with a star in the place of a number', _EXAMPLES
        )
    numbers = [int(one) for one in match[1].split(".")[:-1]]
    return lambda _, found: _first(found, len(numbers)) == numbers


def _pessimistic(order: Order, said: str) -> _Admits:
    """That version or newer, its numbers but the last ones held; a single number is held."""
    if order != "semver":
        raise VersionError("~> is for the order semver only", f'write ">= {said}" or "{said}*"')
    match = _SEMVER.fullmatch(said)
    lowest = key(order, said)
    assert match is not None  # noqa: S101 - it has a key
    numbers = [int(one) for one in match["numbers"].split(".")]
    held = numbers[:-1] or numbers
    return lambda _, found: found >= lowest and _first(found, len(held)) == held  # type: ignore[operator]  # it is no None


def _first(found: Key, count: int) -> list[int]:
    """The first numbers of a version; missing ones are 0."""
    numbers = [number for number, _ in zip_longest(found[0], range(count), fillvalue=0)]
    return numbers[:count]
