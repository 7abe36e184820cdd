"""What must not be drawn of a source line, whatever the decoder knew of it.

A fault of the language hides an item from the decoder, which then cannot say that its value was
a secret. Here the text around every diagnostic is looked at with plain suspicion: whatever
follows a name that sounds like a secret's, and whatever stands before the ``@`` of a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from dropship.config.report import SECRETIVE
from dropship.hcl.ast import Span
from dropship.hcl.diagnostics import Diagnostic

# All of them look only so far, so that a line without end takes no time without end.
_NAMED: Final = re.compile(
    rf"""(?:{"|".join(SECRETIVE)})[\w.-]{{0,40}}"?
        (?:[^\w"'\n]{{0,6}}(?:[=:]\s*)+|\s+(?=["']))
        (?P<value>(?!env\s*\(|file\s*\()(?:"(?:[^"\\\n]|\\.)*"?|[^\s"{{[(](?:[^"\\\n]|\\.)*))""",
    re.IGNORECASE | re.VERBOSE,
)
# A login in a URL, with its scheme or without.
_LOGIN: Final = re.compile(r"(?:://|(?<![\w./])[\w.+-]{1,64}:)(?P<value>[^/\s@\"]{1,256})@")
# What commands are given as credentials, and tokens that are known by their looks.
_GIVEN: Final = re.compile(
    r"""(?:\s-u|--user|--proxy-user)[=\s]\s*[^\s:"']*:(?P<value>[^\s"'\\]+)""", re.IGNORECASE
)
_MYSQL: Final = re.compile(r"""\bmysql\w*\s[^;|&\n]{0,200}?-p(?P<value>[^\s"'\\]+)""")
_HEADER: Final = re.compile(
    r"""\b(?:basic|bearer|token)\s+(?P<value>[A-Za-z0-9+/=._~-]{8,})""", re.IGNORECASE
)
_HOOK: Final = re.compile(
    r"""://[^/\s"]{0,200}hook[^/\s"]{0,200}/(?P<value>[^\s"'\\]+)""", re.IGNORECASE
)
_LOOKS: Final = re.compile(
    r"(?P<value>\b(?:eyJ[\w-]{8,}\.[\w.-]+|gh[opsu]_\w{16,}|xox[a-z]-[\w-]{8,}|glpat-[\w-]{16,}))"
)
_ALL: Final = (_NAMED, _LOGIN, _GIVEN, _MYSQL, _HEADER, _HOOK, _LOOKS)
_SHORT: Final = 4  # characters: what is shorter is a word of the message too easily


_SOUNDS: Final = re.compile("|".join(SECRETIVE), re.IGNORECASE)
_LONGEST_NAME: Final = 40
# Blocks whose every value may be a credential, whatever its name; in a line that the language finds
# fault with, nobody can tell its names from its values.
_ALL_OF_IT: Final = re.compile(r"\b(?:env|headers)\b(?!\s*\()")
_STRINGS: Final = (
    re.compile(r"""(?P<value>"(?:[^"\\\n]|\\.)*"?)"""),
    re.compile(r"(?P<value>'[^'\n]*'?)"),
)


def masks(diagnostics: Iterable[Diagnostic]) -> tuple[Span, ...]:
    """Spans to keep out of the drawings of some diagnostics."""
    shown = [(one, span) for one in diagnostics for span in _shown(one)]
    lines = {(span.source.name, *_line(span)): span.source for _, span in shown}
    garbled = {(span.source.name, *_line(span)) for one, span in shown if one.code.startswith("E1")}
    return tuple(
        Span(source, line[1] + match.start("value"), line[1] + match.end("value"))
        for line, source in lines.items()
        for match in _suspects(source.text[line[1] : line[2]], garbled=line in garbled)
    )


def _suspects(text: str, *, garbled: bool) -> Iterator[re.Match[str]]:
    for pattern in _ALL:
        yield from pattern.finditer(text)
    if garbled:
        yield from _after_a_slip(text)


def _after_a_slip(text: str) -> Iterator[re.Match[str]]:
    """Strings in a line that the language finds fault with: the slip may be in the very name."""
    for pattern in _STRINGS:
        yield from _named_by_sound(text, pattern)


def _named_by_sound(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    block = _ALL_OF_IT.search(text)
    at = 0
    for string in pattern.finditer(text):
        name = re.sub(r"[\W_]", "", text[max(at, string.start() - _LONGEST_NAME) : string.start()])
        if (block and string.start() > block.end()) or _SOUNDS.search(name):
            yield string
        at = string.end()


def redacted(diagnostics: Iterable[Diagnostic], masked: Iterable[Span]) -> tuple[Diagnostic, ...]:
    """The diagnostics without what their messages or suggestions quote of a masked place."""
    lines: dict[tuple[str, int], list[Span]] = {}
    for mask in masked:
        for line in range(mask.line, mask.end_line + 1):
            lines.setdefault((mask.source.name, line), []).append(mask)
    return tuple(_redacted(one, lines) for one in diagnostics)


def _redacted(diagnostic: Diagnostic, lines: Mapping[tuple[str, int], list[Span]]) -> Diagnostic:
    span = diagnostic.span
    if span is None:
        return diagnostic
    message, suggestion = diagnostic.message, diagnostic.suggestion or ""
    near = (lines.get((span.source.name, line)) for line in range(span.line, span.end_line + 1))
    for mask in (mask for found in near if found for mask in found):
        if mask.source is span.source and mask.start < span.end and span.start < mask.end:
            secret = mask.source.text[mask.start : mask.end].strip("\"'") or "\0"
            if len(secret) < _SHORT:
                secret = f'"{secret}"'
            message, suggestion = (text.replace(secret, "…") for text in (message, suggestion))
    return diagnostic._replace(message=message, suggestion=suggestion or None)


def _shown(diagnostic: Diagnostic) -> Iterator[Span]:
    if diagnostic.span is not None:
        yield diagnostic.span
    for related in diagnostic.related:
        yield related.span


def _line(span: Span) -> tuple[int, int]:
    text = span.source.text
    end = text.find("\n", span.start)
    return text.rfind("\n", 0, span.start) + 1, len(text) if end < 0 else end
