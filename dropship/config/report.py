"""Everything that was found wrong with a configuration, each fault once.

Owns the list of diagnostics of one run and the places that must never be shown: spans of secrets
that stand literally in a file (those earn a warning if others can read it), and spans that are
merely kept out of drawings. Also every secret that was decoded, wherever it came from and whether
or not anything uses it: logging has to know them all.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

from dropship.core.values import Secret
from dropship.hcl.ast import CallValue, Item, ListValue, ObjectValue, Span, StringValue, Value
from dropship.hcl.diagnostics import Diagnostic, Related, Severity

# Whatever ends one item and starts another.
_ITEM = re.compile("[={}]")

SECRETIVE: Final = (
    "auth", "bearer", "cookie", "cred", "key", "passw", "secret", "session", "token", "webhook",
)  # fmt: skip
"""What is in the (folded) names of keys whose values are likely to be secrets."""


class Report:
    """A collector: whoever finds a fault says so here and goes on."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self._faults: dict[str, list[Span]] = {}
        self._unsorted = False
        self._masked: dict[tuple[str, int, int], Span] = {}
        self._secrets: dict[tuple[str, int, int], Span] = {}
        self._logins: dict[tuple[str, int, int], Span] = {}
        self._decoded: set[Secret] = set()
        self._misspelt: set[Span] = set()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All of them, in the order they were found."""
        return tuple(self._found.values())

    @property
    def masked(self) -> tuple[Span, ...]:
        """What must not be drawn, secrets included."""
        return (*self._masked.values(), *self._secrets.values())

    @property
    def secrets(self) -> tuple[Span, ...]:
        """Secrets that stand literally in a file."""
        return (*self._secrets.values(), *self._logins.values())

    @property
    def decoded(self) -> frozenset[Secret]:
        """Secrets that were decoded."""
        return frozenset(self._decoded)

    def add(self, diagnostic: Diagnostic) -> None:
        """Add a fault; a block that serves many services is still at fault only once."""
        span = diagnostic.span
        place = (span.source.name, span.start, span.end) if span else (diagnostic.file,)
        self._found.setdefault((diagnostic.code, diagnostic.message, *place), diagnostic)
        if span and diagnostic.code.startswith("E1"):
            self._faults.setdefault(span.source.name, []).append(span)
            self._unsorted = True

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add several."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def error(self, code: str, message: str, span: Span, *, suggestion: str | None = None,
              related: tuple[Related, ...] = ()) -> None:  # fmt: skip
        """Add an error at a span."""
        self.add(Diagnostic(Severity.ERROR, code, message, span, "", suggestion, related))

    def misspelt(self, message: str, span: Span, *, suggestion: str) -> None:
        """Add that a required key is missing since it is misspelt: one fault, not two."""
        self._misspelt.add(span)
        for key in [
            key for key, one in self._found.items() if (one.code, one.span) == ("W201", span)
        ]:
            del self._found[key]
        self.error("E201", message, span, suggestion=suggestion)

    def is_misspelt(self, span: Span) -> bool:
        """Whether the key here is told of as ``misspelt``."""
        return span in self._misspelt

    def warning(self, code: str, message: str, span: Span, *, suggestion: str | None = None,
                related: tuple[Related, ...] = ()) -> None:  # fmt: skip
        """Add a warning at a span."""
        self.add(Diagnostic(Severity.WARNING, code, message, span, "", suggestion, related))

    def faulty(self, extent: Span) -> list[Span]:
        """The language's own errors (E1xx) that start in a piece of a file, in order."""
        if self._unsorted:
            self._unsorted = False
            for found in self._faults.values():
                found.sort(key=_start)
        faults = self._faults.get(extent.source.name, [])
        first = bisect_left(faults, extent.start, key=_start)
        return faults[first : bisect_right(faults, extent.end, key=_start)]

    def told(self, item: Item) -> bool:
        """Whether the language has found fault with an item already: nothing more is said of it."""
        return self._told(item.span, item.value.span.end)

    def told_at(self, span: Span) -> bool:
        """As ``told``, for the line of a key or label."""
        return self._told(span, span.end)

    def _told(self, span: Span, last: int) -> bool:
        text = span.source.text
        end_of_line = text.find("\n", last)
        end = len(text) if end_of_line < 0 else end_of_line
        start = text.rfind("\n", 0, span.start) + 1
        return any(
            fault.start >= span.start or not _ITEM.search(text, fault.start, span.start)
            for fault in self.faulty(Span(span.source, start, end))
        )

    def mask(self, value: Value) -> None:
        """Keep a value, and whatever is inside it, out of drawings."""
        for span in literals(value):
            self._masked[span.source.name, span.start, span.end] = span

    def secret(self, value: Value) -> None:
        """As ``mask``; it is known to be a secret."""
        for span in literals(value):
            self._secrets[span.source.name, span.start, span.end] = span

    def login(self, value: Value) -> None:
        """A value has a login inside, which whoever draws it leaves out; the rest may be seen."""
        for span in literals(value):
            self._logins.setdefault((span.source.name, span.start, span.end), span)

    def remember(self, secret: Secret) -> None:
        """A secret was decoded, wherever it came from."""
        if secret:
            self._decoded.add(secret)


def _start(span: Span) -> int:
    return span.start


def literals(value: Value) -> list[Span]:
    """Where something stands literally in a value; the name in ``env("NAME")`` is no such thing."""
    found: list[Span] = []
    waiting: list[Value] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ListValue):
            waiting.extend(one.elements)
        elif isinstance(one, ObjectValue):
            waiting.extend(item.value for item in one.items)
        elif isinstance(one, CallValue):
            waiting.extend(one.arguments[1:])
        elif not isinstance(one, StringValue) or one.text:
            found.append(one.span)
    return found
