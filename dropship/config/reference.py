"""The schema as a page for people, in Markdown that reads well in a terminal too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import fill
from typing import Final

from dropship.config.layout import MAIN, SERVICES, Times
from dropship.config.schema import TYPES, Backend, Block, Key, Schema, Unusable
from dropship.config.written import Written

_WIDTH: Final = 100
_CODE: Final = re.compile(r"`[^`]+`")

_HEAD: Final = """\
# Every block and key

Printed by `dropship schema`. Each key stands with its type and its default in parentheses, and what
it means; keys match without regard to case, `_` and `-`.

```hcl
repo "releases" {
  type = "http"
  url  = "https://releases.example.com/"
}

service "web" {
  checkInterval = "30s"

  artifact "releases" {
    path        = "web.tar.gz"
    destination = "/srv/web"
  }

  after "systemd" { unit = "web" }
  health "http" { url = "http://127.0.0.1:8080/healthz" }
}
```
"""
_PLACES: Final = {MAIN: "the main file", SERVICES: "a service file"}
_TIMES: Final = {
    Times.ONCE: "exactly once",
    Times.AT_MOST_ONCE: "at most once",
    Times.ANY: "any number of times",
}


def reference(schema: Schema) -> str:
    """The whole page."""
    parts = [_HEAD, *_types()]
    for block in schema.files:
        parts += [
            "",
            f"## {block.plan.title}",
            "",
            _wrapped(block.plan.doc),
            "",
            _wrapped(inner(block)),
        ]
        parts += _keys(block.keys) if block.keys else ()
    for title, blocks in groupby(schema.blocks, lambda one: one.plan.title):
        parts += _section(title, list(blocks))
    parts += _unusable(schema.unusable)
    return "\n".join(parts) + "\n"


def _types() -> Iterator[str]:
    yield "## Types\n"
    yield from (_item(f"**{name}**: {meaning}") for name, meaning in TYPES)


def inner(block: Block) -> str:
    """The blocks that may stand in it."""
    names = ", ".join(f"`{name}`" for name in block.blocks)
    return f"Blocks in it: {names}."


def _section(title: str, blocks: Sequence[Block]) -> Iterator[str]:
    """Blocks that are told together take the same keys."""
    yield f"\n## {title}\n"
    yield from (_item(f"{header(block)}: {block.plan.doc}") for block in blocks)
    first = blocks[0]
    yield "\n" + _wrapped(where(first))
    if first.blocks:
        yield "\n" + _wrapped(inner(first))
    if first.keys:
        yield from _keys(first.keys)
    for backend in first.types:
        yield f"\n### {called(first)} `{backend.name}`"
        for note in notes(first, backend):
            yield f"\n{note}"
        yield from _keys(backend.keys)


def notes(block: Block, backend: Backend) -> Iterator[str]:
    """What there is to say of a type besides its keys."""
    for name, value in backend.defaults:
        yield f"`{name}` is {_code(value)} by default."
    if block.plan.name == "repo" and not backend.needs_block:
        yield "Needs no block if its defaults will do."


def header(block: Block) -> str:
    """How it is opened and closed, as code."""
    label = f' "{block.plan.label.name}"' if block.plan.label else ""
    return f"`{block.plan.name}{label} {{ … }}`"


def where(block: Block) -> str:
    """The places it may stand in, how often, and what its label means."""
    plan = block.plan
    places = [_PLACES.get(one, f"`{one}`") for one in plan.within]
    label = f" {plan.label.name}: {plan.label.doc}." if plan.label else ""
    old = f" Deprecated: write `{plan.deprecated}`." if plan.deprecated else ""
    return f"In {_or(places)}, {_TIMES[plan.times]}.{label}{old}"


def _or(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def called(block: Block) -> str:
    """What a type of it is called, in front of the type's name."""
    if block.plan.name == "artifact":
        return "Artifact in a repo of type"
    return block.plan.kind.value.capitalize() if block.plan.kind else ""


def _keys(keys: Sequence[Key]) -> Iterator[str]:
    yield ""
    yield from (_item(entry(key)) for key in keys)


def entry(key: Key) -> str:
    """What there is to say of a key, as one paragraph."""
    return f"`{key.name}` ({kind(key)}, {usual(key)}): {' '.join(sentences(key))}"


def kind(key: Key) -> str:
    """Its type, in words."""
    return f"list of {key.of}" if key.of else key.type


def usual(key: Key) -> str:
    """What holds where it is not written, in words."""
    if key.required:
        return "required"
    if key.otherwise:
        return f"default: {key.otherwise}"
    return f"default {_code(key.default)}" if key.default not in (None, [], {}) else "optional"


def sentences(key: Key) -> Iterator[str]:
    """What it means, and what else there is to know of it."""
    yield key.doc
    if key.choices:
        yield f"One of {', '.join(_code(one) for one in key.choices)}."
    if isinstance(key.least, int) and key.least > 0:
        yield f"At least {key.least}."
    elif key.least in ("1ns", "1B"):
        yield "More than 0."
    elif isinstance(key.least, str) and not key.least.startswith("0"):
        yield f"At least {_code(key.least)}."
    if key.most is not None:
        yield f"At most {_code(key.most)}."
    if key.aliases:
        yield f"Also spelled {', '.join(f'`{one}`' for one in key.aliases)}."
    if key.secret:
        yield "Secret."
    if key.deprecated:
        yield f"Deprecated: write `{key.deprecated}`."


def _code(value: Written) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _unusable(some: Sequence[Unusable]) -> Iterator[str]:
    if some:
        yield "\n## Not usable here\n"
    for one in some:
        yield _item(f"{one.kind.value} `{one.name}`: {one.reason}.")


def _item(text: str) -> str:
    return _wrapped(f"- {text}", indent="  ")


def _wrapped(text: str, indent: str = "") -> str:
    """Lines of at most ``_WIDTH``, but that code is never broken in two."""
    whole = _CODE.sub(lambda code: code[0].replace(" ", "\u00a0"), text)
    return fill(
        whole,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\u00a0", " ")
