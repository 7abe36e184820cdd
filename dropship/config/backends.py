"""Backends by the names that a configuration uses: stores, locks, hooks and health checks.

Finds the class of a type, fills its ``Options``, and says what there is where a type is unknown.
Classes are imported only when they are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from dropship.config.body import Block, Body
from dropship.config.model import LockConfig, RepoConfig
from dropship.config.reader import FAULTY, Reader, nearest, spellings, takes_nothing
from dropship.core.option import fold
from dropship.errors import ConfigError
from dropship.hcl.ast import Key, Span, StringValue
from dropship.hcl.diagnostics import Related
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


def of_type(reader: Reader, kind: Kind, name: str, span: Span) -> type[Any] | None:
    """The backend class of a type; None, and a diagnostic, if there is none."""
    try:
        found = find(kind, name)
    except ConfigError as error:
        reader.report.error("E224", str(error.args[0]), span, suggestion=error.cure or None)
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
    elif missing := [name for name in _MADE_OF[kind] if not hasattr(found, name)]:
        without = ", ".join(missing)
        reader.report.error("E224", f"the {kind.value} {name} is incomplete: no {without}", span)
        return None
    return found


def repos(reader: Reader, found: list[Block]) -> dict[str, Entry]:
    """The stores by name."""
    return _entries(reader, Kind.REPO, found, _repo)


def locks(reader: Reader, found: list[Block]) -> dict[str, Entry]:
    """The locks by name."""
    return _entries(reader, Kind.LOCK, found, _lock)


def implicit_repo(reader: Reader, name: str, span: Span) -> Entry | None:
    """The store that needs no block: a built-in one all of whose keys may be left out."""
    if name not in BUILT_IN[Kind.REPO]:
        return None
    cls = of_type(reader, Kind.REPO, name, span)
    if cls is None:
        return Entry(name, span)
    if not takes_nothing(cls.Options):
        return None
    return Entry(name, span, cls, RepoConfig(name, name, cls.Options()))


def local_lock() -> LockConfig:
    """Turns on this host only, by files in the agent's own folder for locks."""
    cls = find(Kind.LOCK, "file")
    assert cls is not None  # noqa: S101 - it is built in
    return LockConfig("local", "file", cls.Options())


def _repo(reader: Reader, cls: type[Any], type_name: str, block: Body, name: str) -> Any:
    reader.unknown(block, ["type", *spellings(cls.Options)], hide=True)
    options = reader.make(cls.Options, block)
    return RepoConfig(name, type_name, options) if options is not FAULTY else None


def _lock(reader: Reader, cls: type[Any], type_name: str, block: Body, name: str) -> Any:
    reader.unknown(block, ["type", *spellings(LockConfig, cls.Options)], hide=True)
    common, options = reader.read(LockConfig, block), reader.make(cls.Options, block)
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
