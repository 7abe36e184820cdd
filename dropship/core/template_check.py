"""What a template may name and how: fields, functions, and the kinds of their arguments."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dropship.core.template_error import HintError
from dropship.core.template_format import Format
from dropship.core.template_tree import FUNCTIONS, Call, Constant, Expression, Field, Print

FIELDS: Final = (
    "Name", "Hostname", "Hash", "OldHash", "NewHash", "Release", "Phase", "Error",
    "CheckInterval", "UpdateTTL", "Sequential", "Version",
)  # fmt: skip
"""What a template may show, besides ``.Artifact.KEY``."""

_TEXT, _NUMBER, _TRUTH = "text", "number", "truth"
_ARGUMENTS: Final = MappingProxyType(
    {
        "and": (1, None), "or": (1, None), "not": (1, 1), "eq": (2, None), "ne": (2, 2),
        "upper": (1, 1), "lower": (1, 1), "trunc": (2, 2), "default": (2, 2), "json": (1, 1),
    }
)  # fmt: skip
_KEYWORDS: Final = frozenset(
    {"range", "with", "template", "define", "block", "break", "continue", "nil"}
)

_CHOOSE: Final = frozenset({"and", "or", "default"})
_JUDGE: Final = frozenset({"eq", "ne", "not"})


def field(text: str) -> Field:
    """The field that ``.Name`` or ``.Artifact.bucket`` names."""
    path = tuple(text[1:].split("."))
    if path[0] == "Artifact":
        if len(path) != 2:
            raise ValueError(f"{text} is not a value; name one key, as in .Artifact.bucket")
        return Field(path)
    if path[0] not in FIELDS:
        some = [f".{name}" for name in (*FIELDS, "Artifact.KEY")]
        raise HintError(f"there is no field {text}", _hint(text, some))
    if len(path) > 1:
        raise ValueError(f".{path[0]} has no fields of its own, so {text} is nothing")
    return Field(path)


def _hint(text: str, there_is: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    folded = {name.casefold(): name for name in there_is}
    near = get_close_matches(text.casefold(), folded, n=1)
    return f"did you mean {folded[near[0]]}?" if near else f"there are {', '.join(there_is)}"


def known_function(name: str) -> None:
    """Refuse what is no function here, with what there is."""
    if name in _KEYWORDS:
        raise ValueError(
            f'"{name}" is not to be had here; of Go\'s actions there are if, else, end'
        )
    if name in {"if", "else", "end"}:
        raise ValueError(f'"{name}" must stand first')
    if name != "printf" and name not in FUNCTIONS:
        hint = _hint(name, sorted([*FUNCTIONS, "printf"]))
        if name.casefold() in (field.casefold() for field in FIELDS):
            hint = f"fields have a dot in front: .{name}"
        raise HintError(f'there is no function "{name}"', hint)


def checked(name: str, arguments: list[Expression]) -> Call:
    """A call whose arguments can be right."""
    least, most = _ARGUMENTS[name]
    if len(arguments) < least or (most is not None and len(arguments) > most):
        wanted = f"{least}" if least == most else f"{least} or more"
        plural = "" if wanted == "1" else "s"
        raise ValueError(f"{name} takes {wanted} argument{plural}, not {len(arguments)}")
    if name in {"upper", "lower"}:
        _want(name, arguments[0], _TEXT)
    elif name == "trunc":
        _want(name, arguments[0], _NUMBER)
        _want(name, arguments[1], _TEXT)
    elif name in {"eq", "ne"}:
        _comparable(name, arguments)
    return Call(name, tuple(arguments))


def _comparable(name: str, arguments: list[Expression]) -> None:
    kinds = frozenset[str]().union(*map(_kinds, arguments))
    if len(kinds) > 1:
        message = f"{name} compares things of one kind, not {' with '.join(sorted(kinds))}"
        quoted = any(Constant(word) in arguments for word in ("true", "false"))
        raise HintError(message, "true and false have no quotes" if quoted else "")


def _want(name: str, argument: Expression, kind: str, hint: str = "") -> None:
    kinds = _kinds(argument)
    if kinds != {kind}:
        sure = "a" if kind not in kinds else "what may be a"
        other = " or ".join(sorted(kinds - {kind}))
        raise HintError(f"{name} wants a {kind} there, not {sure} {other}", hint)


def printf(arguments: list[Expression]) -> Print:
    """A ``printf`` whose values fit its format."""
    match arguments:
        case [Constant(str() as written), *values]:
            form = Format.parse(written)
        case _:
            raise ValueError('printf takes its format first, written out: printf "%s" .Hash')
    if len(values) != len(form.verbs):
        raise ValueError(f"printf has {len(form.verbs)} verbs and {len(values)} values")
    for verb, value in zip(form.verbs, values, strict=True):
        if verb.verb != "v":
            kind = _NUMBER if verb.verb == "d" else _TEXT
            _want(f"%{verb.verb}", value, kind, "%v shows a value of any kind")
    return Print(form, tuple(values))


def _kinds(expression: Expression) -> frozenset[str]:
    """What an expression may come to."""
    if isinstance(expression, Constant):
        value = expression.value
        if isinstance(value, bool):
            return frozenset({_TRUTH})
        return frozenset({_NUMBER if isinstance(value, int) else _TEXT})
    if isinstance(expression, Field):
        return frozenset({_TRUTH if expression.path == ("Sequential",) else _TEXT})
    if isinstance(expression, Print) or expression.function not in _CHOOSE | _JUDGE:
        return frozenset({_TEXT})
    if expression.function in _JUDGE:
        return frozenset({_TRUTH})
    return frozenset().union(*(_kinds(argument) for argument in expression.arguments))
