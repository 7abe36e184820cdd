"""What must not be drawn of a source line, whatever the decoder knew of it.

A fault of the language hides an item from the decoder, which then cannot say that its value was
a secret. Here the text around every diagnostic is looked at with plain suspicion: whatever
follows a name that sounds like a secret's, and whatever stands before the ``@`` of a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from dropship.hcl.ast import Span
from dropship.hcl.diagnostics import Diagnostic

_NAMED: Final = re.compile(
    r"""(?:secret|passw(?:or)?d|token|key|bearer|credential)[\w.-]*"?(?:\s*[=:]+\s*|\s+(?=["']))
        (?P<value>(?!env\s*\(|file\s*\()(?:"(?:[^"\\\n]|\\.)*"?|[^\s"{[(](?:[^"\\\n]|\\.)*))""",
    re.IGNORECASE | re.VERBOSE,
)
_USERINFO: Final = re.compile(r"://(?P<value>[^/\s@\"]+)@")


def masks(diagnostics: Iterable[Diagnostic]) -> tuple[Span, ...]:
    """Spans to keep out of the drawings of some diagnostics."""
    lines = {(span.source.name, *_line(span)): span for one in diagnostics for span in _shown(one)}
    return tuple(
        Span(span.source, start + match.start("value"), start + match.end("value"))
        for (_, start, end), span in lines.items()
        for pattern in (_NAMED, _USERINFO)
        for match in pattern.finditer(span.source.text[start:end])
    )


def redacted(diagnostic: Diagnostic, masked: Iterable[Span]) -> Diagnostic:
    """The diagnostic without what its message or suggestion quotes of a masked place."""
    span = diagnostic.span
    if span is None:
        return diagnostic
    message, suggestion = diagnostic.message, diagnostic.suggestion or ""
    for mask in masked:
        if mask.source is span.source and mask.start < span.end and span.start < mask.end:
            secret = mask.source.text[mask.start : mask.end].strip("\"'") or "\0"
            message, suggestion = (text.replace(secret, "…") for text in (message, suggestion))
    return replace(diagnostic, message=message, suggestion=suggestion or None)


def _shown(diagnostic: Diagnostic) -> Iterator[Span]:
    if diagnostic.span is not None:
        yield diagnostic.span
    for related in diagnostic.related:
        yield related.span


def _line(span: Span) -> tuple[int, int]:
    text = span.source.text
    end = text.find("\n", span.start)
    return text.rfind("\n", 0, span.start) + 1, len(text) if end < 0 else end
