"""``dropship schema``: every block and key that a configuration may have.

For people by default, as a page in Markdown; ``--format json`` for editors and other programs.
Needs no configuration, and tells what is installed here, the backends of third parties included.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any, Final

from dropship import __version__
from dropship.cli.version import API
from dropship.config.schema import TYPES, Backend, Block, Key, Schema, schema

_DESCRIPTION: Final = """\
Prints every block and key of a configuration, with type, default and meaning: a page to read in
Markdown (the default, on a terminal and in a pipe), or one JSON document for programs.
It reads no configuration."""

_EXAMPLES: Final = """\
examples:
  dropship schema | less
  dropship schema --format json | jq .blocks.service.keys.splay"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--format", choices=("json", "markdown"), default="markdown", help="default: markdown"
    )


def run(args: argparse.Namespace) -> int:
    """Print it."""
    found = schema()
    if args.format == "json":
        print(json.dumps(_document(found), indent=2))
    else:
        from dropship.config.reference import reference  # noqa: PLC0415 - JSON needs none

        print(reference(found), end="")
    return 0


def _document(found: Schema) -> dict[str, Any]:
    return {
        "version": __version__,
        "api": API,
        "types": dict(TYPES),
        "files": {one.plan.name: _file(one) for one in found.files},
        "blocks": {one.plan.name: _block(one) for one in found.blocks},
        "unusable": [
            {"kind": one.kind.name.lower(), "name": one.name, "error": one.reason}
            for one in found.unusable
        ],
    }


def _file(file: Block) -> dict[str, Any]:
    return {"doc": file.plan.doc, "keys": _keys(file.keys), "blocks": list(file.blocks)}


def _block(block: Block) -> dict[str, Any]:
    plan = block.plan
    return {
        **_file(block),
        "in": list(plan.within),
        "times": plan.times.value,
        "label": {"name": plan.label.name, "doc": plan.label.doc} if plan.label else None,
        "deprecated": plan.deprecated or None,
        "typeFrom": plan.chosen_by or None,
        "backends": {one.name: _backend(one) for one in block.types},
    }


def _backend(backend: Backend) -> dict[str, Any]:
    return {
        "keys": _keys(backend.keys),
        "defaults": dict(backend.defaults),
        "needsBlock": backend.needs_block,
    }


def _keys(keys: Sequence[Key]) -> dict[str, Any]:
    return {key.name: _key(key) for key in keys}


def _key(key: Key) -> dict[str, Any]:
    return {
        "type": key.type,
        "of": key.of,
        "required": key.required,
        "default": key.default,
        "otherwise": key.otherwise,
        "choices": list(key.choices),
        "least": key.least,
        "most": key.most,
        "secret": key.secret,
        "aliases": list(key.aliases),
        "deprecated": key.deprecated,
        "doc": key.doc,
    }
