"""Values as text of the configuration language, and that text in its canonical form."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dropship.hcl.ast import Source, StringValue
from dropship.hcl.format import formatted
from dropship.hcl.parser import parse


def quoted(value: str) -> str:
    """``value`` as a string in quotes, which is read as the same value.

    Raises:
        ValueError: The language has no way to write it.
    """
    if not value.isprintable():
        raise ValueError("there is a character in it that cannot be seen")
    text = '"' + re.sub(r'[\\"]', lambda match: f"\\{match[0]}", value) + '"'
    found = parse(Source("", f"key = {text}"))
    read = found.file.body.items[0].value if found.file.body.items else None
    if found.diagnostics or not isinstance(read, StringValue) or read.text != value:
        raise ValueError("a configuration cannot hold this: ${, %{ or {{ opens something in it")
    return text


def listed(values: Sequence[str]) -> str:
    """A list of strings."""
    return f"[{', '.join(map(quoted, values))}]"


def canonical(text: str) -> str:
    """The text as ``dropship fmt`` writes it; it has no fault."""
    return formatted(parse(Source("", text)).file)
