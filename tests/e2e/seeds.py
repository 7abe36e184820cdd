"""A secret in every place of a configuration that takes one, found through the schema.

Nobody lists fields here: a key that is declared secret tomorrow is seeded tomorrow, or
``Seeded`` raises because it does not know how to write such a value.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, quote_plus

from dropship.config.layout import MAIN
from dropship.config.schema import Key, schema
from dropship.config.service import HOOKS
from dropship.core.option import fold

SOURCES: Final = ("literal", "env", "file")

# Where credentials may stand before the host.
_ADDRESSES: Final = frozenset({"url", "host", "endpoint", "authurl", "address"})
# Without these a secret is refused, or is sent nowhere.
_COMPANIONS: Final = {"user": "joe", "accesskey": "AKIAEXAMPLE", "port": "1"}


class Place(NamedTuple):
    """Where a key stands: a block (or the main file), and the type whose key it is, if of one."""

    block: str
    type: str = ""


class Placed(NamedTuple):
    """A key in a place."""

    place: Place
    key: Key


@dataclass(frozen=True)
class Seed:
    """A secret with everything in it that encodings trip over.

    ``head`` and ``tail`` are found even where the rest was garbled, or only a part is shown.
    """

    name: str

    @property
    def head(self) -> str:
        """How it begins."""
        return _word(f"head of {self.name}")

    @property
    def tail(self) -> str:
        """How it ends."""
        return _word(f"tail of {self.name}")

    @property
    def text(self) -> str:
        """All of it."""
        return f'{self.head} "it\'s" 100%41+/=&\\ä: ß {self.tail}'

    def spoken(self) -> Iterator[str]:
        """Lines in which a careless hook might print it."""
        text, raw = self.text, self.text.encode()
        yield from (text, f"Bearer {text}", f'key="{text}"', repr(text), repr(raw))
        yield json.dumps({"key": text})
        yield json.dumps({"key": text}, ensure_ascii=False)
        yield from (quote(text), quote(text, safe=""), quote_plus(text), quote(text).lower())
        for before in ("", "x", "xy", "joe:"):
            for after in ("", "\n", "more"):
                whole = (before + text + after).encode()
                yield base64.b64encode(whole).decode()
                yield base64.urlsafe_b64encode(whole).decode().rstrip("=")
        yield from base64.encodebytes(raw).decode().splitlines()
        yield f"https://joe:{quote(text, safe='')}@example.com/"

    def traces(self) -> Iterator[str]:
        """What none may find: an end of it, or what base64 makes of one wherever it stands."""
        for part in (self.head, self.tail):
            yield part
            for before in range(3):
                digits = base64.b64encode(bytes(before) + part.encode()).decode().rstrip("=")
                # The digits at both edges depend on the neighbours.
                yield digits[2 if before else 0 :][1:-1]


# Not to be seen in a URL that is made up, and half of what has a secret.
_V3: Final = ("authVersion = 3", 'applicationCredentialId = "id"')


@dataclass
class Seeded:
    """A configuration with a seed in every place, and what it is read from.

    Attributes:
        server: ``host:port`` of a server that all addresses lead to.
        folder: Where secrets stand that are read by ``file()``.
        environ: Variables that are read by ``env()``.
    """

    server: str
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    seeds: list[Seed] = field(default_factory=list)
    places: set[tuple[Place, str]] = field(default_factory=set)

    def seed(self, name: str) -> Seed:
        """One more."""
        made = Seed(name)
        self.seeds.append(made)
        return made

    def main(self) -> str:
        """What stands outside of services: keys of the main file, stores, locks."""
        lines = [*self._keys(Place(MAIN), "literal")]
        for block in ("worker", "defaults"):
            lines += [_block(block, self._keys(Place(block), "literal"))]
        for place in _places("rackspace"):  # the Go tool's first form of a repo
            lines.append(_block("rackspace", [*_V3, *self._keys(place, "literal")]))
        for source in SOURCES:
            for place in _places("repo", "lock"):
                keys = [f'type = "{place.type}"', *self._keys(place, source)]
                keys += self._keys(Place(place.block), source)
                keys += _V3 if place.type in {"rackspace", "swift"} else ()
                lines.append(_block(f'{place.block} "{_name(place, source)}"', keys))
        return "\n".join(lines) + "\n"

    def services(self, store: Path, destinations: Path) -> Iterator[str]:
        """A service for every store, one for every place of its artifact, and one for all hooks."""
        for source in SOURCES:
            for place in _places("repo"):
                artifact = Place("artifact", place.type)
                where = [f'destination = "{destinations}/{_name(place, source)}"']
                where += self._required(artifact, login=source)
                parts = [_block(f'artifact "{_name(place, source)}"', where)]
                yield _service(_name(place, source), parts)
            for place in _places("artifact"):
                where = [f'destination = "{destinations}/{_name(place, source)}"']
                where += [*self._keys(place, source), *self._keys(Place("artifact"), source)]
                repo = _name(Place("repo", place.type), source)
                parts = [_block(f'artifact "{repo if _places("repo") else place.type}"', where)]
                yield _service(_name(place, source), parts)
            yield self._around(store, destinations, source)

    def _around(self, store: Path, destinations: Path, source: str) -> str:
        """A service that is updated, and whose hooks and health checks know secrets."""
        name = f"around-{source}"
        artifact = [
            f'path = "{store}/{name}.tar.gz"', 'settle = "0s"',
            f'destination = "{destinations}/{name}"',
        ]  # fmt: skip
        parts = [_block('artifact "file"', artifact), *self._keys(Place("service"), source)]
        for place in _places(*HOOKS, "health"):
            common = ['within = "100ms"'] if place.block == "health" else ['onFailure = "continue"']
            keys = [*common, *self._keys(place, source), *self._keys(Place(place.block), source)]
            parts.append(_block(f'{place.block} "{place.type}"', keys))
        return _service(name, parts)

    # --- keys -----------------------------------------------------------------------------------

    def _keys(self, place: Place, source: str) -> list[str]:
        """The secrets of a place, and what they need beside them."""
        lines = [] if not place.type else self._required(place, login=source)
        for key in _declared(place):
            if key.secret:
                self.places.add((place, key.name))
                name = ".".join((*place, key.name, source))
                lines.append(f"{key.name} {self._value(key, name, source)}")
        return lines

    def _value(self, key: Key, name: str, source: str) -> str:
        if key.type in ("string", "template"):
            return f"= {self._text(name, source)}"
        if key.type in ("strings", "templates"):
            bearer = self._text(f"{name}.bearer", source, before="Bearer ")
            return f'{{ "X-Seed" = {self._text(name, source)} "X-Auth" = {bearer} }}'
        if key.of in ("string", "template"):
            return f"= [{self._text(name, source)}]"
        raise AssertionError(f"{name} is a secret that nobody knows how to seed: {key.type}")

    def _text(self, name: str, source: str, before: str = "") -> str:
        """An expression for a fresh seed."""
        text = before + self.seed(name).text
        if source == "literal":
            return json.dumps(text, ensure_ascii=False)
        number = len(self.seeds)
        if source == "env":
            self.environ[f"SEED_{number}"] = text
            return f'env("SEED_{number}")'
        path = self.folder / f"seed-{number}"
        path.write_text(text + "\n")
        return f'file("{path}")'

    def _required(self, place: Place, login: str = "") -> list[str]:
        """What must be there, and addresses; ``literal``: with a login, which is a secret too."""
        lines = []
        for key in _declared(place):
            name = fold(key.name)
            if key.secret:
                continue
            if name in _ADDRESSES and key.type in ("string", "template"):
                lines.append(f'{key.name} = "{self._address(place, key.name, login)}"')
            elif name in _COMPANIONS:
                lines.append(f'{key.name} = "{_COMPANIONS[name]}"')
            elif key.required:
                lines.append(f'{key.name} = "x"')
        return lines

    def _address(self, place: Place, key: str, login: str) -> str:
        if login != "literal":
            return f"http://{self.server}/"
        seed = self.seed(".".join((*place, key, "login")))
        return f"http://joe:{quote(seed.text, safe='')}@{self.server}/"


def _word(text: str) -> str:
    """Sixteen letters that nobody else has; letters only, so that no part looks like a token."""
    digits = hashlib.sha256(text.encode()).hexdigest()[:16]
    return digits.translate(str.maketrans("0123456789", "ghijklmnop"))


@cache
def _all() -> tuple[Placed, ...]:
    return tuple(_listed())


def _listed() -> Iterator[Placed]:
    found = schema()
    for block in (*found.files, *found.blocks):
        yield from (Placed(Place(block.plan.name), key) for key in block.keys)
        for one in block.types:
            yield from (Placed(Place(block.plan.name, one.name), key) for key in one.keys)


def secret_keys() -> set[tuple[Place, str]]:
    """Where every key that is declared secret stands."""
    return {(one.place, one.key.name) for one in _all() if one.key.secret}


def _declared(place: Place) -> Iterator[Key]:
    return (one.key for one in _all() if one.place == place)


def _places(*blocks: str) -> list[Place]:
    """The places of blocks where a backend has secrets, or an address that could hold one."""
    found = dict.fromkeys(one.place for one in _all() if one.place.type and _holds(one))
    return [place for place in found if place.block in blocks]


def _holds(one: Placed) -> bool:
    address = fold(one.key.name) in _ADDRESSES and one.place.block != "artifact"
    return one.key.secret or address


def _name(place: Place, source: str) -> str:
    return f"{place.block}-{place.type}-{source}"


def _block(head: str, lines: Iterable[str]) -> str:
    inner = "\n".join(f"  {line}" for line in lines)
    return f"{head} {{\n{inner}\n}}"


def _service(name: str, parts: Iterable[str]) -> str:
    return _block(f'service "{name}"', ['checkInterval = "1h"', *parts])


def leaks(seeds: Iterable[Seed], texts: Iterable[tuple[str, str]]) -> list[str]:
    """Which seeds left traces in which of the named texts."""
    found: list[Any] = []
    traces = [(seed.name, trace) for seed in seeds for trace in seed.traces()]
    for where, text in texts:
        for name, trace in traces:
            if (at := text.find(trace)) >= 0:
                found.append(f"{name} in {where}: …{text[max(0, at - 60) : at + 60]!r}…")
    return found
