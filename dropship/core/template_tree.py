"""The tree of a template and what its nodes come to, as Go's text/template defines it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from dropship.core.option import fold
from dropship.core.template_format import Format, Value, shown


class Text(NamedTuple):
    """Text between actions, as it is."""

    text: str


class Constant(NamedTuple):
    """A literal."""

    value: str | int | bool


class Field(NamedTuple):
    """``.Name`` or ``.Artifact.bucket``."""

    path: tuple[str, ...]


class Call(NamedTuple):
    """A function of ``FUNCTIONS`` with its arguments, a piped value last."""

    function: str
    arguments: tuple[Expression, ...]


class Print(NamedTuple):
    """``printf`` with its format taken apart."""

    format: Format
    arguments: tuple[Expression, ...]


class Action(NamedTuple):
    """``{{expression}}``: its value goes into the text."""

    expression: Expression


class If(NamedTuple):
    """``{{if condition}}…{{else}}…{{end}}``."""

    condition: Expression
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...]


Expression = Constant | Field | Call | Print
Node = Text | Action | If


def rendered(nodes: tuple[Node, ...], fields: Mapping[str, object]) -> str:
    """The text that nodes come to."""
    return "".join(_texts(nodes, fields))


def _texts(nodes: tuple[Node, ...], fields: Mapping[str, object]) -> list[str]:
    out: list[str] = []
    for node in nodes:
        if isinstance(node, Text):
            out.append(node.text)
        elif isinstance(node, Action):
            out.append(shown(_value(node.expression, fields)))
        else:
            held = bool(_value(node.condition, fields))
            out += _texts(node.then if held else node.otherwise, fields)
    return out


def _value(expression: Expression, fields: Mapping[str, object]) -> Value:
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Field):
        return _looked_up(expression.path, fields)
    values = [_value(argument, fields) for argument in expression.arguments]
    if isinstance(expression, Print):
        return expression.format.filled(values)
    return FUNCTIONS[expression.function](*values)


def _looked_up(path: tuple[str, ...], fields: Mapping[str, object]) -> Value:
    found: object = fields.get(path[0])
    for name in path[1:]:
        # Keys of a configuration match without regard to case, `_` and `-`.
        folded = fold(name)
        found = next((value for key, value in _items(found) if fold(key) == folded), None)
    return found if found is None or isinstance(found, str | int) else str(found)


def _items(value: object) -> list[tuple[str, object]]:
    return [(str(key), of) for key, of in value.items()] if isinstance(value, Mapping) else []


def _and(*values: Value) -> Value:
    return next((value for value in values if not value), values[-1])


def _or(*values: Value) -> Value:
    return next((value for value in values if value), values[-1])


def _eq(first: Value, *others: Value) -> Value:
    return any(_same(first, other) for other in others)


def _same(one: Value, other: Value) -> bool:
    # To Python True == 1; to Go they cannot be compared.
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _trunc(length: Value, text: Value) -> Value:
    count = length if isinstance(length, int) else 0
    return _text(text)[:count] if count >= 0 else _text(text)[count:]


def _text(value: Value) -> str:
    return "" if value is None else shown(value)


def _json(value: Value) -> str:
    import json  # noqa: PLC0415 - few templates make JSON

    text = json.dumps(value, ensure_ascii=False)
    # As Go does: the two are line ends to JavaScript.
    return text.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


def _upper(character: str) -> str:
    # Go's strings.ToUpper takes characters one by one, and each stays one: ß has no capital.
    ways = (character.upper(), character.title())
    return next((one for one in ways if len(one) == 1), character)


def _lower(character: str) -> str:
    return character.lower()[0]  # İ is the only one that becomes two, i and a dot


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = MappingProxyType(
    {
        "and": _and,
        "default": lambda fallback, value: value or fallback,
        "eq": _eq,
        "json": _json,
        "lower": lambda text: "".join(map(_lower, _text(text))),
        "ne": lambda one, other: not _same(one, other),
        "not": lambda value: not value,
        "or": _or,
        "trunc": _trunc,
        "upper": lambda text: "".join(map(_upper, _text(text))),
    }
)
"""Every function but ``printf``, which is a node of its own. Go's truth is Python's here: false,
0, the empty string and no value are false."""
