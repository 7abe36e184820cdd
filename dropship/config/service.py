"""``service`` blocks: what belongs together, and what ``defaults`` adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from dropship.config.artifact import Taken, artifact, claims, stored_at, the_artifact
from dropship.config.backends import Entries, stand_in
from dropship.config.body import Block, Body
from dropship.config.fields import spellings
from dropship.config.hook import health, hooks, legacy
from dropship.config.model import (
    FailureRule,
    HealthConfig,
    HookConfig,
    LockChoice,
    LockConfig,
    OnFailure,
    ServiceConfig,
    WorkerLimits,
)
from dropship.config.reader import FAULTY, Reader, Values, nearest
from dropship.config.sketch import Sketch
from dropship.core.option import fold
from dropship.hcl.ast import Item, Key, NullValue, Span
from dropship.lockers.default import Choice

_T = TypeVar("_T")

HOOKS: Final = ("before", "after", "failed")
_LONGEST_NAME: Final = 200  # bytes; a file name holds 255, and state adds to it


class Defaults(NamedTuple):
    """A ``defaults`` block, taken apart; without one, ``body`` is None."""

    body: Body | None = None
    on_failure: OnFailure | None = None
    before: tuple[HookConfig | None, ...] = ()
    after: tuple[HookConfig | None, ...] = ()
    failed: tuple[HookConfig | None, ...] = ()
    health: tuple[HealthConfig | None, ...] = ()
    workers: tuple[Body, ...] = ()


class Around(NamedTuple):
    """What a service is read in the light of.

    Attributes:
        alone: The main file is not known: what it would define is not missed as an error.
        turns: What was chosen to stand in for a lock block.
        local: Where turns are asked for without a lock block; filled on the way.
        sketches: Every service, as far as it could be read; filled on the way.
    """

    reader: Reader
    repos: Entries
    locks: Entries
    defaults: Defaults
    alone: bool
    turns: Choice | None
    local: list[Span]
    sketches: list[Sketch]


def defaults(reader: Reader, body: Body | None, worker: Body | None) -> Defaults:
    """The ``defaults`` block; ``worker`` is the main file's own."""
    workers = [worker] if worker else []
    if worker:
        reader.unknown(worker, spellings(WorkerLimits))
        reader.read(WorkerLimits, worker)
    if body is None:
        return Defaults(workers=tuple(workers))
    known = spellings(ServiceConfig, LockChoice, FailureRule)
    reader.unknown(body, known, (*HOOKS, "health", "worker"))
    # Read for its faults: no service may need what is wrong here.
    reader.read(ServiceConfig, body, given=("check_interval",))
    legacy(reader, body)
    reader.read(LockChoice, body)
    usual = reader.read(FailureRule, body).get("on_failure")
    if own := reader.block(body, "worker"):
        reader.unknown(own, spellings(WorkerLimits))
        workers.insert(0, own)
    kinds = {kind: tuple(hooks(reader, body, kind, usual)) for kind in HOOKS}
    return Defaults(
        body, usual, **kinds, health=tuple(health(reader, body)), workers=tuple(workers)
    )


def service(around: Around, block: Block) -> ServiceConfig | None:
    """The service, or None if something of it is at fault or not known here."""
    reader, body, label = around.reader, block.body, block.label
    assert label is not None  # noqa: S101 - Reader.blocks leaves those out
    named = _named(reader, label)
    known = spellings(ServiceConfig, LockChoice)
    reader.unknown(body, known, ("artifact", *HOOKS, "health", "worker"))
    given = ("check_interval",) if around.alone else ()
    values = reader.read(ServiceConfig, body, fallbacks=_below(around), given=given)
    values.whole &= named
    what = _artifact(around, body)
    written = reader.chosen(body, "checkinterval") if around.alone else None
    if around.alone and (written is None or isinstance(written.value, NullValue)):
        _interval_elsewhere(reader, body, lost=what is not None and what.repo is None)
        values.whole = False
    lock = _lock(around, body, values)
    parts = _parts(around, body)
    legacy(reader, body)
    around.sketches.append(_sketch(label.text, body, what, parts, reader.cwd))
    made: ServiceConfig | None = values.make(
        ServiceConfig,
        name=label.text,
        artifact=(what and what.made) or FAULTY,
        lock=lock,
        worker=_limits(around, body),
        **{kind: _all(found) for kind, found in parts.items()},
    )
    return made


def _sketch(
    name: str, body: Body, what: Taken | None, parts: Mapping[str, Sequence[Any]], cwd: Path
) -> Sketch:
    sound = {kind: tuple(one for one in found if one) for kind, found in parts.items()}
    spans = {fold(item.keys[0].text): item.span for item in body.items}
    said: dict[str, Any] = {"hooks": (*sound["before"], *sound["after"]), "health": sound["health"]}
    if what is not None:
        spans |= {fold(item.keys[0].text): item.value.span for item in what.body.items}
        wanted = ("destination", "release_path", "owner", "group")
        said |= {key: what.values[key] for key in wanted if key in what.values}
        said |= {"claims": claims(what), "stored": stored_at(what, cwd)}
    return Sketch(name, body.header, spans, **said)


def _below(around: Around) -> tuple[Body, ...]:
    return (around.defaults.body,) if around.defaults.body else ()


def _named(reader: Reader, label: Key) -> bool:
    """A name becomes a file's, and is shown everywhere."""
    name = label.text
    sound = (
        name not in ("", ".", "..")
        and name == name.strip()
        and "/" not in name
        and name.isprintable()
        and len(name.encode(errors="replace")) <= _LONGEST_NAME
    )
    if not sound and not reader.report.told_at(label.span):
        reader.report.error(
            "E220",
            "this cannot be the name of a service: it becomes the name of a folder",
            label.span,
            suggestion="use letters, digits, dots and dashes",
        )
    return sound


def _artifact(around: Around, body: Body) -> Taken | None:
    block = the_artifact(around.reader, body)
    return artifact(around.reader, block, around.repos, alone=around.alone) if block else None


def _interval_elsewhere(reader: Reader, body: Body, *, lost: bool) -> None:
    """A service file alone has no checkInterval: may be the main file's ``defaults`` have.

    That it belongs to a main file is told by its folder, by a lock that it names, or by a repo
    that only a main file can define (``lost``). A key that looks like it shows what was meant.
    """
    folder = (reader.cwd / body.header.source.name).parent.name
    meant = _meant(body, "checkInterval")
    if not meant and (lost or folder == "services" or body.named("lock")):
        reader.report.warning(
            "W203",
            f"{body.title} has no checkInterval in this file",
            body.header,
            suggestion="it must come from defaults in the main file",
        )
    else:
        reader.missing(body, "checkInterval", "checkInterval = …", ("checkinterval",))


def _meant(body: Body, key: str) -> bool:
    """Whether an item looks like a slip of the pen for a key."""
    known = {*map(fold, spellings(ServiceConfig, LockChoice)), "artifact", "health", *HOOKS}
    names = (fold(item.keys[0].text) for item in body.items)
    return any(name not in known and nearest(name, {fold(key): key}) for name in names)


def _parts(around: Around, body: Body) -> dict[str, list[Any]]:
    """Hooks and health checks, None for each that could not be made."""
    reader, usual = around.reader, around.defaults
    parts: dict[str, list[Any]] = {
        kind: [*hooks(reader, body, kind, usual.on_failure), *getattr(usual, kind)]
        for kind in HOOKS
    }
    return {**parts, "health": [*health(reader, body), *usual.health]}


def _all(found: Sequence[_T | None]) -> object:
    """All of them, or FAULTY if one could not be made."""
    whole = [one for one in found if one is not None]
    return tuple(whole) if len(whole) == len(found) else FAULTY


def _limits(around: Around, body: Body) -> object:
    reader, workers = around.reader, around.defaults.workers
    own = reader.block(body, "worker")
    if own is not None:
        reader.unknown(own, spellings(WorkerLimits))
    some = (own, *workers) if own else workers
    if not some:
        return WorkerLimits()
    return reader.read(WorkerLimits, some[0], fallbacks=some[1:]).make(WorkerLimits) or FAULTY


def _lock(around: Around, body: Body, values: Values) -> object:
    """The lock by which the service takes turns; None if it takes none."""
    choice = around.reader.read(LockChoice, body, fallbacks=_below(around))
    if not choice.whole:
        return FAULTY
    lock = _named_lock(around, body, choice["lock"]) if choice.get("lock") else None
    if not values.get("sequential_updates"):
        _idle(around, body, values, sound=lock is not FAULTY)
        return FAULTY if lock is FAULTY else None
    if lock is None:
        lock = _only_lock(around, _place(around, body, "sequentialupdates"))
    if isinstance(lock, LockConfig):
        return _parallel(around, body, values, lock)
    return lock


def _idle(around: Around, body: Body, values: Values, *, sound: bool) -> None:
    """Warn of keys that only matter where turns are taken; of ``lock`` only if it is ``sound``."""
    found: list[tuple[str, Span]] = []
    if values.get("max_parallel", 1) > 1:
        found.append(("maxParallel", _place(around, body, "maxparallel")))
    if sound:
        # In defaults it is for the services that do take turns. Not so updateTTL: people leave it
        # where it is.
        found += [("lock", item.span) for item in body.named("lock")[-1:]]
    if found and not _meant(body, "sequentialUpdates"):
        for key, span in found:
            _no_effect(around.reader, key, span)


def _place(around: Around, body: Body, key: str) -> Span:
    item = _written(around, body, key)
    return item.span if item else body.header


def _written(around: Around, body: Body, key: str) -> Item | None:
    bodies = (body, *_below(around))
    return next((items[-1] for one in bodies if (items := one.named(key))), None)


def _named_lock(around: Around, body: Body, name: str) -> object:
    entry = around.locks.get(name)
    if entry is not None:
        return entry.config or FAULTY
    item = _written(around, body, "lock")
    span = item.value.span if item else body.header
    report = around.reader.report
    hint = nearest(fold(name), {fold(one): one for one in around.locks})
    message = f'the lock "{name}" is not defined'
    if around.alone:
        report.warning("W213", f"{message} in this file", span, suggestion=hint)
    else:
        add = f'define it in the main file: lock "{name}" {{ … }}'
        report.error("E213", message, span, suggestion=hint or add)
    return FAULTY


def _only_lock(around: Around, span: Span) -> object:
    report, entries = around.reader.report, list(around.locks.values())
    if len(entries) > 1:
        there_is = ", ".join(entry.name for entry in entries)
        report.error(
            "E214",
            f"there are several locks ({there_is}), and none is named",
            span,
            suggestion=f'name one: lock = "{entries[0].name}"',
        )
        return FAULTY
    if entries:
        return entries[0].config or FAULTY
    around.local.append(span)
    return stand_in(around.reader, around.turns, around.local[0]) or FAULTY


def _parallel(around: Around, body: Body, values: Values, lock: LockConfig) -> object:
    if values.get("max_parallel", 1) > 1 and not lock.per_service:
        span = _place(around, body, "maxparallel")
        message = f'maxParallel above 1 needs perService = true in the lock "{lock.name}"'
        why = "one turn over all services cannot be shared by several hosts"
        if around.alone and lock.name not in around.locks:
            around.reader.report.warning("W215", message, span, suggestion=why)
        else:
            around.reader.report.error("E215", message, span, suggestion=why)
            return FAULTY
    return lock


def _no_effect(reader: Reader, key: str, span: Span) -> None:
    reader.report.warning(
        "W226",
        f"{key} has no effect where hosts take no turns",
        span,
        suggestion="add sequentialUpdates = true",
    )
