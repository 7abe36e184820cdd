"""Diagnostics as a terminal shows them."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TextIO

from dropship.hcl.ast import Span
from dropship.hcl.diagnostics import Diagnostic, Severity, draw


def drawn(diagnostic: Diagnostic, masked: Collection[Span], stream: TextIO) -> str:
    """The diagnostic, coloured where the stream is a terminal that wants it."""
    text = draw(diagnostic, masked)
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return text
    word = f" {diagnostic.severity.value} {diagnostic.code}: "
    tone = "31" if diagnostic.severity is Severity.ERROR else "33"
    return text.replace(word, f"\033[1;{tone}m{word}\033[0m", 1)
