"""What is wrong with a text, where, and what to do: data first, words for a terminal second.

``text()`` draws the message, the source line, and a caret under the span. Secrets never reach
the drawing: whoever knows a span to be one names it in ``masked``.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from dropship.hcl.ast import Span
from dropship.hcl.excerpt import excerpt


class Severity(Enum):
    """How bad it is; an error makes a configuration invalid."""

    ERROR = "error"
    WARNING = "warning"


class Related(NamedTuple):
    """Another place that belongs to the story, such as a first definition."""

    message: str
    span: Span


class Diagnostic(NamedTuple):
    """One fault, told once.

    Attributes:
        severity: Error or warning.
        code: ``E`` or ``W`` and three digits: E0 files, E1 language, E2 configuration.
        message: One sentence without a full stop.
        span: Where; None where a file as a whole is at fault.
        file: Its path, where ``span`` is None.
        suggestion: What to write instead, as a sentence fragment.
        related: Other places.
    """

    severity: Severity
    code: str
    message: str
    span: Span | None
    file: str = ""
    suggestion: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def where(self) -> str:
        """``file:line:column``, or the file."""
        if self.span is None:
            return self.file
        return f"{self.span.source.name}:{self.span.line}:{self.span.column}"


def error(code: str, message: str, span: Span, *, suggestion: str | None = None,
          related: tuple[Related, ...] = ()) -> Diagnostic:  # fmt: skip
    """An error at a span."""
    return Diagnostic(Severity.ERROR, code, message, span, suggestion=suggestion, related=related)


def warning(code: str, message: str, span: Span, *, suggestion: str | None = None,
            related: tuple[Related, ...] = ()) -> Diagnostic:  # fmt: skip
    """A warning at a span."""
    return Diagnostic(Severity.WARNING, code, message, span, suggestion=suggestion, related=related)


def draw(diagnostic: Diagnostic, masked: Collection[Span] = ()) -> str:
    """The diagnostic as an operator reads it: several lines, no final newline."""
    kind = diagnostic.severity.value
    lines = [_plain(f"{diagnostic.where}: {kind} {diagnostic.code}: {diagnostic.message}")]
    if diagnostic.span is not None:
        lines += excerpt(diagnostic.span, masked)
    for related in diagnostic.related:
        place = f"{related.span.source.name}:{related.span.line}:{related.span.column}"
        lines.append(_plain(f"  {place}: {related.message}"))
        lines += excerpt(related.span, masked)
    if diagnostic.suggestion:
        lines.append(_plain(f"  hint: {diagnostic.suggestion}"))
    return "\n".join(lines)


def _plain(text: str) -> str:
    """One line, without what a terminal could take for a command: messages quote what is written."""
    line = text.replace("\n", " ")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
