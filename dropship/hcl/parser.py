"""Text to tree: reads a configuration file, and goes on reading behind a fault.

``parse`` never raises on a text, whatever is in it: what is wrong with it comes back as
diagnostics, beside everything that could be read.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from dropship.hcl.ast import File, Source
from dropship.hcl.diagnostics import Diagnostic
from dropship.hcl.reader import Reader

_JSON = re.compile(r"\ufeff?[ \t\r\n]*\{")


class Parsed(NamedTuple):
    """What could be read, and what is wrong, in the order of the text."""

    file: File
    diagnostics: tuple[Diagnostic, ...]


def parse(source: Source) -> Parsed:
    """Read a source: JSON where its first character is ``{``, else HCL."""
    start = "json" if is_json(source.text) else "hcl"
    body, comments, faults = _reader().read(source, start)
    return Parsed(File(source, body, comments), faults)


def is_json(text: str) -> bool:
    """Whether a text is read as JSON: its first character is ``{``."""
    return _JSON.match(text) is not None


@cache
def _reader() -> Reader:
    # Making the parser takes far longer than reading a file.
    return Reader()
