"""Files → typed configuration: the top level, and the services of all files.

Two steps, since the main file says where the others are: ``Top.read`` takes the main file (or
files), ``services`` whatever has ``service`` blocks. Reads nothing itself; finds every fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from dropship.config.backends import Entries, locks, repos
from dropship.config.body import Block, Body
from dropship.config.fields import spellings
from dropship.config.model import Config, ServiceConfig
from dropship.config.reader import MAIN_FILE, Reader, Values, nearest
from dropship.config.service import Around, Defaults, defaults, service
from dropship.config.sketch import Script, Sketch
from dropship.core.option import fold
from dropship.errors import LockError
from dropship.hcl.ast import File, Key, Span
from dropship.hcl.diagnostics import Related
from dropship.lockers.default import CONSUL, Choice

_BLOCKS: Final = ("repo", "lock", "rackspace", "defaults", "worker", "service")


class Top(NamedTuple):
    """The top level of a configuration."""

    body: Body
    values: Values
    repos: Entries
    locks: Entries
    defaults: Defaults

    @classmethod
    def read(cls, reader: Reader, files: Sequence[File]) -> Top:
        """Read the main file, or the files of a main folder as if they were one."""
        body = _joined(MAIN_FILE, files)
        reader.unknown(body, spellings(Config), _BLOCKS)
        stores = reader.blocks(body, "repo", "a name")
        stores += _rackspace(reader, body)
        return cls(
            body,
            reader.read(Config, body),
            repos(reader, stores),
            locks(reader, reader.blocks(body, "lock", "a name")),
            defaults(reader, reader.block(body, "defaults"), reader.block(body, "worker")),
        )


def only_services(files: Sequence[File], *, faulty: bool = False) -> bool:
    """Whether files hold ``service`` blocks and nothing else, so that they may be service files.

    Of ``faulty`` ones, what is no key of a main file does not count: it may be what a fault has
    left of something else.
    """
    keys = {fold(item.keys[0].text) for file in files for item in file.body.items}
    if faulty:
        keys &= {fold(name) for name in (*spellings(Config), *_BLOCKS)}
    return keys == {"service"}


class Services(NamedTuple):
    """All services: those that are sound, the names of all, and what there is of each."""

    sound: tuple[ServiceConfig, ...]
    names: tuple[str, ...]
    sketches: tuple[Sketch, ...]
    scripts: tuple[Script, ...]


def services(
    reader: Reader,
    top: Top,
    files: Sequence[File],
    *,
    alone: bool,
    turns: Choice | LockError | None = None,
) -> Services:
    """Read them, wherever they stand. ``turns``: what was chosen to stand in for a lock block."""
    body = top.body
    blocks = _services(reader, body)
    if files:
        others = _joined("a service file", files)
        _misplaced(reader, others)
        blocks += _services(reader, others)
    choice = None if isinstance(turns, LockError) else turns
    around = Around(reader, top.repos, top.locks, top.defaults, alone, choice, [], [])
    _doubled(reader, blocks)
    found = [service(around, block) for block in blocks]
    _stand_in(reader, around.local, turns, alone=alone)
    return Services(
        tuple(one for one in found if one is not None),
        tuple(dict.fromkeys(block.label.text for block in blocks if block.label)),
        tuple(around.sketches),
        tuple(reader.scripts),
    )


def _joined(title: str, files: Sequence[File]) -> Body:
    items = tuple(item for file in files for item in file.body.items)
    extents = tuple(Span(file.source, 0, len(file.source.text)) for file in files)
    header = Span(files[0].source, 0, 0)
    return Body(title, header, items, extents)


def _services(reader: Reader, body: Body) -> list[Block]:
    return reader.blocks(body, "service", "a name", nested=False)


def _rackspace(reader: Reader, body: Body) -> list[Block]:
    """The Go tool's first form of ``repo "rackspace"``."""
    found = reader.block(body, "rackspace")
    if found is None:
        return []
    reader.report.warning(
        "W216",
        "a rackspace block is deprecated",
        found.header,
        suggestion='write repo "rackspace" { … }',
    )
    return [Block(Key("rackspace", found.header), (), found)]


def _misplaced(reader: Reader, body: Body) -> None:
    main = {fold(name): name for name in (*spellings(Config), *_BLOCKS)}
    for item in body.items:
        name = item.keys[0].text
        if fold(name) == "service":
            continue
        reader.report.mask(item.value)
        if reader.report.told(item):
            continue
        belongs = fold(name) in main
        known = nearest(fold(name), {"service": "service"})
        reader.report.warning(
            "W202",
            f"{name} means nothing in a service file; it is ignored",
            item.span,
            suggestion="it belongs in the main file" if belongs else known,
        )


def _doubled(reader: Reader, blocks: Sequence[Block]) -> None:
    seen: dict[str, Block] = {}
    for block in blocks:
        name = block.label.text if block.label else ""
        if first := seen.get(name):
            reader.report.error(
                "E210",
                f'there are two services called "{name}"',
                block.body.header,
                suggestion="give each its own name",
                related=(Related("the other one is here", first.body.header),),
            )
        seen.setdefault(name, block)


def _stand_in(
    reader: Reader, places: Sequence[Span], turns: Choice | LockError | None, *, alone: bool
) -> None:
    if not places:
        return
    if isinstance(turns, LockError):
        reader.report.error("E224", str(turns.args[0]), places[0], suggestion=turns.cure)
        return
    how_many = f"{len(places)} services take" if len(places) > 1 else "this service takes"
    if alone:
        message = f"{how_many} turns, but there is no lock block in this file"
        cure = "define a lock that all hosts can reach in the main file"
    elif turns is None:
        message = (
            f"{how_many} turns, but there is no lock block: Consul gives them if it answers when the"
            " agent first starts, else other hosts are not waited for"
        )
        cure = "define a lock that all hosts can reach"
    elif turns.type == CONSUL:
        message = f"{how_many} turns, but there is no lock block: Consul gives them, as it did"
        cure = 'write lock "consul" {}, so that everybody can see it'
    else:
        message = f"{how_many} turns, but there is no lock block: other hosts are not waited for"
        cure = "define a lock that all hosts can reach"
    reader.report.warning("W219", message, places[0], suggestion=cure)
