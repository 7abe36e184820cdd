"""Everything that can be configured: every block, and the keys it takes.

Made from the declarations that ``decode`` reads by, so that a key which can be written is a key
that is listed, backends of third parties included. One that cannot be loaded is named among
``unusable`` and takes nothing else with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, is_dataclass, replace
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from dropship.config.backends import loaded, stands_alone
from dropship.config.fields import Field, fields_of
from dropship.config.layout import FILES, PLANS, Plan
from dropship.config.scalar import bare
from dropship.config.written import Written, written
from dropship.core.template import Template, Templates
from dropship.core.values import Duration, Md5, Share, Size, Strings
from dropship.errors import ConfigError
from dropship.plugins import Kind, names


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and what may be written behind it.

    Attributes:
        type: One of ``TYPES``.
        of: What a list is a list of; else None.
        default: As a configuration would say it; None where there is none.
        otherwise: What holds where the key is not written, if ``default`` does not say it.
        choices: The only words there are; empty where any will do.
        least: The smallest number, size or duration; None where there is no such thing.
        most: The longest duration; None where any will do.
        deprecated: What to write instead; None where nothing is wrong with it.
    """

    name: str
    type: str
    of: str | None
    required: bool
    default: Written
    otherwise: str | None
    choices: tuple[str, ...]
    least: Written
    most: Written
    secret: bool
    aliases: tuple[str, ...]
    deprecated: str | None
    doc: str


@dataclass(frozen=True, slots=True)
class Backend:
    """A type that a block can be of.

    Attributes:
        keys: Those it has besides the block's own.
        defaults: Keys of the block whose default depends on the type, and what it is here.
        needs_block: Of a store, whether an artifact can only name it where there is a ``repo``
            block for it; None of others.
    """

    name: str
    keys: tuple[Key, ...]
    defaults: tuple[tuple[str, Written], ...] = ()
    needs_block: bool | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block, or a file; ``keys`` are those it has whatever its type."""

    plan: Plan
    keys: tuple[Key, ...]
    types: tuple[Backend, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """A backend that is installed and cannot be used, and why."""

    kind: Kind
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Schema:
    """All of it. ``files`` are what blocks stand in: the main file, a service file."""

    files: tuple[Block, ...]
    blocks: tuple[Block, ...]
    unusable: tuple[Unusable, ...]


TYPES: Final = (
    ("string", 'Text, such as `"web"`; a number is taken as it is spelled.'),
    ("integer", "A whole number."),
    ("number", "A number, with a fraction or without."),
    ("boolean", "`true` or `false`."),
    ("duration", 'A length of time in Go\'s notation: `"10s"`, `"1h30m"`, `"1.5h"`, `"250ms"`.'),
    ("size", 'Bytes: `"10MB"` (powers of ten), `"20GiB"` (powers of two), or a plain number.'),
    ("share", 'Part of a file system: a percentage such as `"5%"`, or a size.'),
    ("path", "A file or folder; a relative one begins where the agent was started."),
    ("md5", "32 hex digits, with the quotes of an ETag or without."),
    ("template", 'Text with fields of Go\'s templates: `"{{.Name}} on {{.Hostname}}"`.'),
    ("strings", 'A block of names and texts: `{ NAME = "…" }`.'),
    ("templates", 'A block of names and templates: `{ NAME = "…{{.Name}}…" }`.'),
    ("list", 'Several of one type: `["…", "…"]`; one alone needs no brackets.'),
)
"""The types of keys, and how each is written."""

_TYPES: Final[dict[Any, str]] = {
    int: "integer",
    float: "number",
    bool: "boolean",
    Duration: "duration",
    Size: "size",
    Share: "share",
    Path: "path",
    Md5: "md5",
    Template: "template",
    Strings: "strings",
    Templates: "templates",
}


def schema() -> Schema:
    """What can be configured here, with what is installed here."""
    shelf = _Shelf()
    blocks = tuple(_block(plan, shelf) for plan in PLANS)
    files = tuple(_block(plan, shelf) for plan in FILES)
    return Schema(files, blocks, tuple(shelf.unusable.values()))


class _Shelf:
    """Backends, each taken down once."""

    def __init__(self) -> None:
        self.unusable: dict[tuple[Kind, str], Unusable] = {}

    def of(self, kind: Kind) -> Iterator[tuple[str, Any]]:
        """Those of a kind that can be used, by name."""
        for name in names(kind):
            try:
                yield name, loaded(kind, name)
            except ConfigError as error:
                self.unusable[kind, name] = Unusable(kind, name, str(error.args[0]))


def _block(plan: Plan, shelf: _Shelf) -> Block:
    types = tuple(_types(plan, shelf)) if plan.kind else ()
    inner = tuple(other.name for other in PLANS if plan.name in other.within)
    return Block(plan, tuple(_keys(plan, types)), types, inner)


def _keys(plan: Plan, types: Sequence[Backend]) -> Iterator[Key]:
    for field in (field for cls in plan.classes for field in fields_of(cls)):
        key = _key(field, optional=plan.optional)
        if key.name == plan.chosen_by:
            # What there is to choose from depends on what is installed.
            key = replace(key, choices=tuple(one.name for one in types))
        yield key


def _types(plan: Plan, shelf: _Shelf) -> Iterator[Backend]:
    assert plan.kind is not None  # noqa: S101 - the caller looked
    for name, cls in shelf.of(plan.kind):
        if plan.only not in ("", name):
            continue
        keys = tuple(_key(field) for field in _own_first(getattr(cls, plan.attribute)))
        yield Backend(name, keys, _resolved(plan, cls), _needs_block(plan, name, cls))


def _own_first(cls: type) -> Sequence[Field]:
    """The fields of a dataclass, behind its own what it shares with others of its kind."""
    shared = {
        one.name for base in cls.__mro__[1:] if is_dataclass(base) for one in dataclass_fields(base)
    }
    return sorted(fields_of(cls), key=lambda field: field.name in shared)


def _resolved(plan: Plan, cls: Any) -> tuple[tuple[str, Written], ...]:
    if plan.kind is not Kind.HOOK:
        return ()
    return (("onFailure", "continue" if cls.notifies else "abort"),)


def _needs_block(plan: Plan, name: str, cls: Any) -> bool | None:
    return None if plan.kind is not Kind.REPO else not stands_alone(name, cls)


def _key(field: Field, *, optional: bool = False) -> Key:
    said = field.option
    hint = bare(field.hint)
    listed = get_origin(hint) is tuple
    element = get_args(hint)[0] if listed else hint
    return Key(
        name=said.key,
        type="list" if listed else _type(element),
        of=_type(element) if listed else None,
        required=said.required and not optional,
        default=_default(field),
        otherwise=said.otherwise or None,
        choices=tuple(map(str, get_args(element))) if get_origin(element) is Literal else (),
        least=_least(said.least, element),
        most=written(Duration(said.most)) if said.most else None,
        secret=field.secret,
        aliases=said.aliases,
        deprecated=said.deprecated or None,
        doc=f"{said.doc} Needs `{said.needs}`." if said.needs else said.doc,
    )


def _type(hint: Any) -> str:
    """Text is what the types of third parties are made from."""
    return _TYPES.get(hint, "string")


def _default(field: Field) -> Written:
    return None if field.secret or field.default is MISSING else written(field.default)


def _least(least: int, hint: Any) -> Written:
    if hint is Duration or hint is Size:
        return written(hint(least))
    return least if hint in (int, float) else None
