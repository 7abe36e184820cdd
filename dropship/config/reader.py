"""Fills the fields of a dataclass from a block, by what ``option()`` says of them.

Every rule that holds for all keys is kept here: the last of several wins with a warning, a key
that is not known is a warning with the nearest known one, a required key must be there, secrets
are kept out of sight, a deprecated key says what to write instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from dropship.config.body import ALIKE, Block, Body
from dropship.config.body import blocks as unfolded
from dropship.config.fields import Field, fields_of
from dropship.config.look import Look
from dropship.config.names import check as check_names
from dropship.config.report import SECRETIVE, Report
from dropship.config.resolver import Mode, Resolver, UnresolvedError
from dropship.config.scalar import FaultError, Scalars, bare, called
from dropship.config.sketch import Script
from dropship.config.written import written
from dropship.core.option import fold
from dropship.core.secrets import secrets_of
from dropship.core.values import Duration, Md5, Named, Secret
from dropship.errors import ConfigError
from dropship.hcl.ast import Item, ListValue, NullValue, ObjectValue, StringValue, Value
from dropship.hcl.diagnostics import Related
from dropship.hcl.literals import short

# Keys of the Go tool's first weeks, and what has taken their place.
_FORGOTTEN: Final = {
    "config": "the folder of service files is called service_path",
    "name": "a service is called by its label",
    "restartservice": 'restart it in a hook: after "script" { command = "…" }',
}

_LONGEST_QUOTE: Final = 60

MAIN_FILE: Final = "the main file"
"""The title of the body of the main file."""


class _Faulty:
    """The type of ``FAULTY``."""


FAULTY: Final = _Faulty()
"""Stands for what could not be made; why has been reported."""


class Values(dict[str, Any]):
    """What was read of a dataclass, by field name.

    Attributes:
        whole: Nothing that was written is at fault and nothing required is missing.
    """

    whole = True

    def make(self, cls: type, **others: Any) -> Any:
        """The dataclass with these and ``others``; None if something of either is at fault."""
        sound = self.whole and all(other is not FAULTY for other in others.values())
        return cls(**others, **self) if sound else None


class Reader:
    """Reads blocks into dataclasses and says what is wrong with them.

    ``cwd`` is what relative paths are relative to; ``scripts`` are the blocks with commands that were met on the way.
    """

    def __init__(self, report: Report, resolver: Resolver, cwd: Path) -> None:
        self.report = report
        self.cwd = cwd
        self.scripts: list[Script] = []
        self._resolver = resolver
        self._scalars = Scalars(resolver, cwd)

    def make(self, cls: type, body: Body) -> Any:
        """The dataclass, or FAULTY; it may still refuse what does not go together."""
        values = self.read(cls, body)
        if not values.whole:
            return FAULTY
        try:
            return cls(**values)
        except (ValueError, ConfigError) as error:
            self.report.error("E228", f"{body.title}: {error}", body.header)
        except Exception as error:  # noqa: BLE001 - somebody else's dataclass may raise anything
            self.report.error("E228", f"{body.title}: {error!r}", body.header)
        return FAULTY

    def read(
        self,
        cls: type,
        body: Body,
        *,
        fallbacks: Sequence[Body] = (),
        given: Collection[str] = (),
    ) -> Values:
        """The options of ``cls`` as ``body`` has them, else the first of ``fallbacks`` that does.

        Fields named in ``given`` are not missed when they are absent.
        """
        values = Values()
        for field in fields_of(cls):
            items = (self._item(field, one) for one in (body, *fallbacks))
            item = next((item for item in items if item is not None), None)
            if item is not None:
                self._take(values, field, item, body)
            elif field.option.required and field.name not in given:
                key = field.option.key
                self.missing(body, key, f"{key} = …", field.keys, fallbacks)
                values.whole = False
        return values

    def chosen(self, body: Body, *keys: str) -> Item | None:
        """The item that counts among several with these (folded) keys: the last."""
        items = body.named(*keys)
        for first, second in pairwise(items):
            self.report.warning(
                "W207",
                f"{second.keys[0].text} is written twice; the last one counts",
                second.span,
                suggestion="remove one of the two",
                related=(Related("the other one is here", first.span),),
            )
        return items[-1] if items else None

    def blocks(self, body: Body, kind: str, what: str = "", *, nested: bool = True) -> list[Block]:
        """The blocks of a kind, in order; ``what`` says what their label is, if they have one."""
        found: list[Block] = []
        # JSON's null says nothing, as in version 1.
        items = [item for item in body.named(kind) if not isinstance(item.value, NullValue)]
        for one in unfolded(items, labels=1 if what else 0, nested=nested):
            if isinstance(one, Item):
                if self.report.told(one):
                    continue
                message = f"{kind} must be a block, not {called(one.value)}"
                self.report.error("E204", message, one.value.span)
            elif one.extra and self.report.told_at(one.extra[0].span):
                continue
            elif one.extra:
                self.report.error("E209", _too_many(kind, what, one), one.extra[0].span)
            elif what and one.label is None and self.report.told_at(one.body.header):
                continue
            elif what and (one.label is None or (kind != "service" and not one.label.text.strip())):
                self.report.error(
                    "E208",
                    f"{kind} needs {what}",
                    one.body.header,
                    suggestion=f'write {kind} "…" {{ … }}',
                )
            else:
                found.append(one)
        return found

    def block(self, body: Body, kind: str) -> Body | None:
        """The block of a kind that can only stand once: the last one counts."""
        self.chosen(body, kind)
        found = self.blocks(body, kind)
        return found[-1].body if found else None

    def unknown(
        self,
        body: Body,
        known: Sequence[str],
        blocks: Sequence[str] = (),
        *,
        hide: bool = False,
        secret: Sequence[str] = (),
    ) -> None:
        """Warn of every item that is neither.

        ``hide`` where its value may be a secret, ``secret`` are the (folded) keys of those: a
        name that is near to one of them is hidden, too.
        """
        folded = {fold(name): name for name in (*known, *blocks)}
        secretive = {name: name for name in secret}
        for item in body.items:
            name = item.keys[0].text
            if fold(name) in folded:
                continue
            # Nobody knows what an unknown block holds.
            unseen = isinstance(item.value, ObjectValue)
            if hide or unseen or _whispers(name) or nearest(fold(name), secretive):
                self.report.mask(item.value)
            if not self.report.told(item) and not self.report.is_misspelt(item.keys[0].span):
                self._unknown(item, folded, body)

    def _unknown(self, item: Item, folded: dict[str, str], body: Body) -> None:
        from dropship.config.homes import belongs  # noqa: PLC0415 - only where something is wrong

        name = item.keys[0].text
        block = len(item.keys) > 1 or isinstance(item.value, ObjectValue)
        hint = _FORGOTTEN.get(fold(name))
        self.report.warning(
            "W202" if block else "W201",
            f"{body.title} knows no {'block' if block else 'key'} {name}; it is ignored",
            item.keys[0].span,
            suggestion=hint or belongs(fold(name), _keyword(body)) or nearest(fold(name), folded),
        )

    def _item(self, field: Field, body: Body) -> Item | None:
        if field.hidden:
            for one in body.named(*field.keys):
                known = field.secret and not field.named
                (self.report.secret if known else self.report.mask)(one.value)
        item = self.chosen(body, *field.keys)
        # JSON's null says nothing, as in version 1.
        return None if item is None or isinstance(item.value, NullValue) else item

    def _take(self, values: Values, field: Field, item: Item, body: Body) -> None:
        if field.option.deprecated:
            self._deprecated(item, field.option.deprecated)
        if _broken(item.value):  # a guess of what stands there is not worth a look
            values.whole = False
            return
        try:
            if len(item.keys) > 1:
                raise FaultError(
                    "takes a value, not a label",
                    item.keys[1].span,
                    code="E204",
                    suggestion=f"write {item.keys[0].text} = …",
                )
            value = self._scalars.read(item.value, field.hint, field.option.least)
            _bounded(value, field.option.most, item.value)
            if field.option.required and isinstance(value, str) and not value.strip():
                raise FaultError("must not be empty", item.value.span)
            if isinstance(value, Named) and isinstance(item.value, ObjectValue):
                self._names(field, item.value, value)
            values[field.name] = value
            for text in secrets_of(value, marked=field.secret):
                self.report.remember(Secret(text))
                if isinstance(value, str):
                    self.report.login(item.value)
            self._look(field, item.value, value, body)
        except FaultError as fault:
            values.whole &= not self._fault(field, item, fault)
        except UnresolvedError as error:
            self._unresolved(values, field, item.value, error)

    def _names(self, field: Field, block: ObjectValue, value: Named[Any]) -> None:
        """Of a block of names and texts, some of which may be secrets."""
        check_names(field.option.key, block, self.report)
        for one in block.items if field.secret else ():
            name = one.keys[0].text
            if any(secrets_of({name: value[name]}, marked=True)):
                self.report.secret(one.value)

    def _fault(self, field: Field, item: Item, fault: FaultError) -> bool:
        """Report it; False if the value is merely left out."""
        if self.report.told(item):
            return True
        if bare(field.hint) is Md5 and fault.code == "E205":
            # The Go tool would have found it different from every artifact, and updated.
            self.report.warning("W227", f"{field.option.key}: {fault.message}", fault.span)
            return False
        for one in (fault, *fault.others):
            self._say(field, item, one)
        return True

    def _say(self, field: Field, item: Item, fault: FaultError) -> None:
        # The text of a fault may quote the value: one that is long, or no text, is shown short.
        text = getattr(item.value, "text", "")
        if len(text) > _LONGEST_QUOTE or not text.isprintable():
            fault.message = fault.message.replace(text, short(text))
        quotes = field.hidden and fault.code in ("E205", "E206") and not fault.shown
        message = "the value (not shown) does not fit" if quotes else fault.message
        self.report.error(
            fault.code,
            f"{field.option.key}: {message}",
            fault.span,
            suggestion=None if quotes and not fault.hint_shown else fault.suggestion,
        )

    def _unresolved(
        self, values: Values, field: Field, value: Value, error: UnresolvedError
    ) -> None:
        """Say it as loudly as the mode has it, and put a harmless value in its place."""
        message, hint = f"{field.option.key}: {error.message}", error.suggestion
        mode = self._resolver.mode
        text = bare(field.hint) in (str, Secret)
        needed = field.option.required and not text
        if mode is Mode.REQUIRE or (mode is Mode.LENIENT and needed):
            self.report.error(f"E{error.number}", message, value.span, suggestion=hint)
            values.whole = False
            return
        if mode is Mode.WARN:
            self.report.warning(f"W{error.number}", message, value.span, suggestion=hint)
        if needed:
            values.whole = False
        elif text:
            values[field.name] = Secret("") if bare(field.hint) is Secret else ""

    def _look(self, field: Field, value: Value, read: Any, body: Body) -> None:
        key, relative = field.option.key, body.title.startswith("artifact")
        look = Look(self.report, key, bare(field.hint), hidden=field.hidden, relative=relative)
        look.at(value, read, self._resolver.lacks)

    def _deprecated(self, item: Item, replacement: str) -> None:
        self.report.warning(
            "W216",
            f"{item.keys[0].text} is deprecated",
            item.keys[0].span,
            suggestion=f"write {replacement}",
        )

    def missing(
        self,
        body: Body,
        name: str,
        example: str,
        keys: Collection[str],
        fallbacks: Sequence[Body] = (),
    ) -> None:
        """Report what a block must have, unless a fault of the language has swallowed it.

        A key that was meant to be it, here or in ``fallbacks``, is the fault then.
        """
        if self._swallowed(body, keys):
            return
        for one in (body, *fallbacks):
            if item := _misspelt(one, name):
                written = item.keys[0]
                message = f"{one.title} has no {name}, and knows no key {written.text}"
                suggestion = f"did you mean {name}?"
                self.report.misspelt(message, written.span, suggestion=suggestion)
                return
        self.report.error(
            "E203", f"{body.title} has no {name}", body.header, suggestion=f"add {example}"
        )

    def _swallowed(self, body: Body, keys: Collection[str]) -> bool:
        faults = [fault for extent in body.extents for fault in self.report.faulty(extent)]
        return body.mentions(keys, faults)


def _misspelt(body: Body, name: str) -> Item | None:
    """The attribute that was meant to be ``name``, which is missing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    written = {fold(item.keys[0].text): item for item in body.items if len(item.keys) == 1}
    written.pop(fold(name), None)  # it is there, and says nothing: JSON's null
    near = get_close_matches(fold(name), written, n=1, cutoff=ALIKE)
    return written[near[0]] if near else None


def _keyword(body: Body) -> str:
    """``service`` of ``service "web"``; empty for the main file."""
    return "" if body.title == MAIN_FILE else body.title.split(" ", 1)[0]


def nearest(name: str, folded: dict[str, str]) -> str | None:
    """``did you mean …?`` for the known name that is nearest, if one is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    near = get_close_matches(name, list(folded), n=1)
    return f"did you mean {folded[near[0]]}?" if near else None


def _too_many(kind: str, what: str, block: Block) -> str:
    if not what:
        return f"{kind} takes no label"
    return f'{kind} takes one label, and "{block.extra[0].text}" is one too many'


def _broken(value: Value) -> bool:
    if isinstance(value, ListValue):
        return any(map(_broken, value.elements))
    return isinstance(value, StringValue) and value.broken


def _whispers(name: str) -> bool:
    """Whether the name of an unknown key sounds as if its value were a secret."""
    folded = fold(name)
    return any(word in folded for word in SECRETIVE)


def _bounded(value: Any, most: int, at: Value) -> None:
    if most and isinstance(value, Duration) and value.nanoseconds > most:
        words = f"{written(value)} is too long, the most is {written(Duration(most))}"
        raise FaultError(words, at.span)
