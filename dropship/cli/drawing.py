"""Diagnostics as a terminal shows them: as text, in colours where it wants them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from typing import Final, TextIO

from dropship.cli.view import drawable
from dropship.hcl.ast import Span
from dropship.hcl.diagnostics import Diagnostic, Severity, draw

_SOURCE: Final = re.compile(r"( +\d* +\| )(.*)", re.DOTALL)
_RELATED: Final = re.compile(r"(  \S.*:\d+:\d+:)( .*)", re.DOTALL)

_PLACE: Final = "1"
_GUTTER: Final = "2"
_OTHER: Final = "1;36"
_TONES: Final = {Severity.ERROR: "1;31", Severity.WARNING: "1;33"}


def drawn(diagnostic: Diagnostic, masked: Collection[Span], stream: TextIO) -> str:
    """The diagnostic, coloured where the stream is a terminal that wants it."""
    text = draw(diagnostic, masked)
    if not stream.isatty() or not drawable(os.environ):
        return text
    return "\n".join(_painted(diagnostic, text.split("\n")))


def _painted(diagnostic: Diagnostic, lines: list[str]) -> Iterator[str]:
    """As compilers do it: the place, the severity and its carets, what else belongs to it, the hint."""
    tone = _TONES[diagnostic.severity]
    kind = f"{diagnostic.severity.value} {diagnostic.code}:"
    place, message = lines[0].split(f" {kind} ", 1)
    yield f"{_in(_PLACE, place)} {_in(tone, kind)} {_in(_PLACE, message)}"
    for line in lines[1:]:
        if match := _SOURCE.fullmatch(line):
            caret = not match[1].strip(" |")
            yield _in(_GUTTER, match[1]) + (_in(tone, match[2]) if caret else match[2])
        elif line.startswith("  hint: "):
            yield _in(_OTHER, "  hint:") + line.removeprefix("  hint:")
        elif match := _RELATED.fullmatch(line):
            tone = _OTHER
            yield _in(_OTHER, match[1]) + match[2]
        else:
            yield line


def _in(tone: str, text: str) -> str:
    return f"\033[{tone}m{text}\033[0m"
