"""The one place that knows where the parser comes from: generated at build time, else lark.

A built package carries ``dropship/hcl/generated.py``, which ``grammar/generate.py`` makes of
``grammar/hcl.lark``: it starts faster and needs no lark. A bare checkout has none and reads the
grammar with lark itself. Either is imported on first use, so that whoever does not parse does
not pay for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

GENERATED = "dropship.hcl.generated"
STARTS = ("hcl", "json")


class Engine(NamedTuple):
    """A parser, and the names of its own that a driver needs.

    Attributes:
        lark: The ``Lark`` instance: ``parse(text, start=…)``, ``parse_interactive(text, start=…)``.
        unexpected: What it raises for a text that the grammar does not match.
        token: Its token class, ``token(type, text, start_pos=…, end_pos=…)``.
    """

    lark: Any
    unexpected: type[Exception]
    token: Callable[..., Any]


Callbacks: TypeAlias = dict[str, Callable[[Any], Any]]
Maker: TypeAlias = Callable[[object, Callbacks], Engine]


def make(transformer: object, lexer_callbacks: Callbacks) -> Engine:
    """A parser whose rules and terminals call the transformer's methods of the same names."""
    try:
        generated = importlib.import_module(GENERATED)
    except ModuleNotFoundError:
        return from_grammar(transformer, lexer_callbacks)
    return from_generated(generated, transformer, lexer_callbacks)


def from_generated(module: Any, transformer: object, lexer_callbacks: Callbacks) -> Engine:
    """The parser that ``lark.tools.standalone`` wrote as this module."""
    lark = module.Lark_StandAlone(transformer=transformer, lexer_callbacks=lexer_callbacks)
    return Engine(lark, module.UnexpectedInput, module.Token)


def from_grammar(transformer: object, lexer_callbacks: Callbacks) -> Engine:
    """The parser that lark makes of the grammar."""
    lark = importlib.import_module("lark")
    parser = lark.Lark(
        grammar_path().read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        start=list(STARTS),
        transformer=transformer,
        lexer_callbacks=lexer_callbacks,
        maybe_placeholders=False,
    )
    return Engine(parser, lark.UnexpectedInput, lark.Token)


def grammar_path() -> Path:
    """Where ``hcl.lark`` is: package data when installed, the top-level folder in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "grammar" / "hcl.lark"
    return installed if installed.is_file() else here.parents[1] / "grammar" / "hcl.lark"
