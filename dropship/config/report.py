"""Everything that was found wrong with a configuration, each fault once.

Owns the list of diagnostics of one run and the places that must never be shown: spans of secrets
that stand literally in a file (those earn a warning if others can read it), and spans that are
merely kept out of drawings. Also every secret that was decoded, wherever it came from and whether
or not anything uses it: logging has to know them all.
"""

from __future__ import annotations

from collections.abc import Iterable

from dropship.core.values import Secret
from dropship.hcl.ast import CallValue, Item, ListValue, ObjectValue, Span, StringValue, Value
from dropship.hcl.diagnostics import Diagnostic, Related, Severity


class Report:
    """A collector: whoever finds a fault says so here and goes on."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self._masked: dict[tuple[str, int, int], Span] = {}
        self._secrets: dict[tuple[str, int, int], Span] = {}
        self._decoded: set[Secret] = set()

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
        return tuple(self._secrets.values())

    @property
    def decoded(self) -> frozenset[Secret]:
        """Secrets that were decoded."""
        return frozenset(self._decoded)

    def add(self, diagnostic: Diagnostic) -> None:
        """Add a fault; a block that serves many services is still at fault only once."""
        span = diagnostic.span
        place = (span.source.name, span.start, span.end) if span else (diagnostic.file,)
        self._found.setdefault((diagnostic.code, diagnostic.message, *place), diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add several."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def error(self, code: str, message: str, span: Span, *, suggestion: str | None = None,
              related: tuple[Related, ...] = ()) -> None:  # fmt: skip
        """Add an error at a span."""
        self.add(Diagnostic(Severity.ERROR, code, message, span, "", suggestion, related))

    def warning(self, code: str, message: str, span: Span, *, suggestion: str | None = None,
                related: tuple[Related, ...] = ()) -> None:  # fmt: skip
        """Add a warning at a span."""
        self.add(Diagnostic(Severity.WARNING, code, message, span, "", suggestion, related))

    def faulty(self, source: str) -> list[Span]:
        """Where the language's own errors (E1xx) stand in a file."""
        return [
            found.span
            for found in self._found.values()
            if found.span and found.code.startswith("E1") and found.span.source.name == source
        ]

    def told(self, item: Item) -> bool:
        """Whether the language has found fault with an item already: nothing more is said of it."""
        text, last = item.span.source.text, item.value.span.end
        end_of_line = text.find("\n", last)
        end = len(text) if end_of_line < 0 else end_of_line
        return any(
            item.span.start <= fault.start <= end for fault in self.faulty(item.span.source.name)
        )

    def mask(self, value: Value) -> None:
        """Keep a value, and whatever is inside it, out of drawings."""
        for span in literals(value):
            self._masked[span.source.name, span.start, span.end] = span

    def secret(self, value: Value) -> None:
        """As ``mask``; it is known to be a secret."""
        for span in literals(value):
            self._secrets[span.source.name, span.start, span.end] = span

    def remember(self, secret: Secret) -> None:
        """A secret was decoded, wherever it came from."""
        if secret:
            self._decoded.add(secret)


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
