"""Backends by the names that a configuration uses: stores, locks, hooks and health checks.

Finds the class of a type, fills its ``Options``, and says what there is where a type is unknown.
Classes are imported only when they are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, Final, NamedTuple

from dropship.config.body import Block, Body
from dropship.config.fields import fields_of, spellings, takes_nothing
from dropship.config.model import LockConfig, RepoConfig, TypeChoice
from dropship.config.reader import FAULTY, Reader, nearest
from dropship.core.option import fold, options_of
from dropship.errors import ConfigError
from dropship.hcl.ast import Key, Span, StringValue
from dropship.hcl.diagnostics import Related
from dropship.lockers.default import FILE, Choice
from dropship.plugins import BUILT_IN, Kind, find, names


class Entry(NamedTuple):
    """A ``repo`` or ``lock`` block.

    ``cls`` is None where its type is unknown, ``config`` None where it is at fault: whoever
    names it then says nothing more.
    """

    name: str
    span: Span
    cls: type[Any] | None = None
    config: Any = None


Entries = Mapping[str, Entry]

# What a backend's class must have, for those that others have written.
_MADE_OF: Final = {
    Kind.REPO: ("Options", "Location"),
    Kind.LOCK: ("Options",),
    Kind.HOOK: ("Options", "notifies"),
    Kind.HEALTH: ("Options",),
}


def loaded(kind: Kind, name: str) -> type[Any] | None:
    """The backend class of a type, whose options can be read; None if there is none.

    Raises:
        ConfigError: It cannot be used; says why.
    """
    found = find(kind, name)
    if found is None:
        return None
    if missing := [one for one in _MADE_OF[kind] if not hasattr(found, one)]:
        raise ConfigError(f"the {kind.value} {name} is incomplete: no {', '.join(missing)}")
    for declared in _MADE_OF[kind]:
        if declared[0].isupper():
            _readable(kind, name, getattr(found, declared))
    return found


def _readable(kind: Kind, name: str, declared: Any) -> None:
    """Somebody else's dataclass may be none, have types that are not there, or miss options."""
    what = f"the options of the {kind.value} {name} cannot be read"
    try:
        read = {field.name for field in fields_of(declared)}
    except (TypeError, NameError, AttributeError) as error:
        raise ConfigError(f"{what}: {error}") from error
    for one in fields(declared):
        if one.name not in read and one.default is MISSING and one.default_factory is MISSING:
            raise ConfigError(f"{what}: {one.name} has no option() and no default")


def of_type(reader: Reader, kind: Kind, name: str, span: Span) -> type[Any] | None:
    """The backend class of a type; None, and a diagnostic, if there is none."""
    try:
        found = loaded(kind, name)
    except ConfigError as error:
        reader.report.error("E224", str(error.args[0]), span, suggestion=error.cure or None)
        return None
    if found is None and reader.report.told_at(span):
        return None
    if found is None:
        there_is = names(kind)
        near = nearest(fold(name), {fold(one): one for one in there_is})
        reader.report.error(
            "E212",
            f'unknown {kind.value} type "{name}"; there is: {", ".join(there_is)}',
            span,
            suggestion=near,
        )
    return found


def repos(reader: Reader, found: list[Block]) -> dict[str, Entry]:
    """The stores by name."""
    return _entries(reader, Kind.REPO, found, _repo)


def locks(reader: Reader, found: list[Block]) -> dict[str, Entry]:
    """The locks by name."""
    return _entries(reader, Kind.LOCK, found, _lock)


def implicit_repo(reader: Reader, name: str, span: Span) -> Entry | None:
    """The store of that name, if it needs no block."""
    if name not in BUILT_IN[Kind.REPO]:
        return None
    cls = of_type(reader, Kind.REPO, name, span)
    if cls is None:
        return Entry(name, span)
    if not stands_alone(name, cls):
        return None
    return Entry(name, span, cls, RepoConfig(name, name, cls.Options()))


def stands_alone(name: str, cls: type[Any]) -> bool:
    """Whether a store needs no block: a built-in one all of whose keys may be left out."""
    return name in BUILT_IN[Kind.REPO] and takes_nothing(cls.Options)


def needing_no_block() -> list[str]:
    """The stores that an artifact may name without more ado."""
    found = ((name, find(Kind.REPO, name)) for name in BUILT_IN[Kind.REPO])
    return [name for name, cls in found if cls is not None and stands_alone(name, cls)]


def stand_in(reader: Reader, choice: Choice | None, span: Span) -> LockConfig | None:
    """What takes the place of a lock block; None, and a diagnostic, if it cannot be loaded.

    As long as nothing is chosen that is turns on this host only, by files in the agent's own folder.
    """
    type_name = choice.type if choice else FILE
    cls = of_type(reader, Kind.LOCK, type_name, span)
    if cls is None:
        return None
    options = cls.Options(address=choice.address) if choice and choice.address else cls.Options()
    name = "local" if type_name == FILE else type_name
    return LockConfig(name, type_name, options, stands_in=True)


def lonely(reader: Reader, cls: type[Any], block: Body) -> None:
    """Warn of keys that are nothing without another: half of a login, say."""
    every = options_of(cls).values()
    spelled = {one.key: [fold(name) for name in (one.key, *one.aliases)] for one in every}
    for said in every:
        items = block.named(*spelled[said.key])
        if items and said.needs and not block.named(*spelled.get(said.needs, [fold(said.needs)])):
            message = f"{said.key} is nothing without {said.needs}"
            cure = f"add {said.needs} = …"
            reader.report.warning("W228", message, items[-1].span, suggestion=cure)


def _repo(reader: Reader, cls: type[Any], type_name: str, block: Body, name: str) -> Any:
    reader.unknown(block, spellings(TypeChoice, cls.Options), hide=True)
    options = reader.make(cls.Options, block)
    lonely(reader, cls.Options, block)
    return RepoConfig(name, type_name, options) if options is not FAULTY else None


def _lock(reader: Reader, cls: type[Any], type_name: str, block: Body, name: str) -> Any:
    reader.unknown(block, spellings(TypeChoice, LockConfig, cls.Options), hide=True)
    common, options = reader.read(LockConfig, block), reader.make(cls.Options, block)
    lonely(reader, cls.Options, block)
    return common.make(LockConfig, name=name, type=type_name, options=options)


_Fill = Callable[[Reader, type[Any], str, Body, str], Any]


def _entries(reader: Reader, kind: Kind, found: list[Block], fill: _Fill) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for block in found:
        label = block.label
        assert label is not None  # noqa: S101 - Reader.blocks leaves those out
        if earlier := entries.get(label.text):
            reader.report.warning(
                "W207",
                f"{block.body.title} is defined twice; the last one counts",
                block.body.header,
                suggestion="remove one of the two",
                related=(Related("the other one is here", earlier.span),),
            )
        entries[label.text] = _entry(reader, kind, label, block.body, fill)
    return entries


def _entry(reader: Reader, kind: Kind, label: Key, body: Body, fill: _Fill) -> Entry:
    type_name, span = label.text, label.span
    written = reader.chosen(body, "type")
    if written is not None:
        if not isinstance(written.value, StringValue):
            reader.report.error("E204", "type: must be a string", written.value.span)
            return Entry(label.text, body.header)
        type_name, span = written.value.text, written.value.span
    cls = of_type(reader, kind, type_name, span)
    if cls is None:
        for item in body.items:
            # Nobody knows which of these are secrets.
            if fold(item.keys[0].text) != "type":
                reader.report.mask(item.value)
        return Entry(label.text, body.header)
    return Entry(label.text, body.header, cls, fill(reader, cls, type_name, body, label.text))
