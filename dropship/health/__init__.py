"""Whether a service works: the Protocol, and nothing else.

A backend is a class with a class attribute ``Options``; its constructor takes one. How long, how
often and how many times to look is the caller's: a check only looks once. One that compares its
looks is ``Comparing`` besides: it is told when the next is the first one of an update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dropship.exec.run import Run


class Health(Protocol):
    """One health check."""

    def probe(self, run: Run) -> None:
        """Look once, within ``run.timeout``.

        Raises:
            HealthError: It does not hold; the message says what was seen.
        """

    def describe(self) -> str:
        """What is looked at, for people: ``http http://127.0.0.1:8080/healthz``."""


@runtime_checkable
class Comparing(Protocol):
    """What a check is that remembers what it saw: it lives as long as the worker does."""

    def begin(self) -> None:
        """Forget it: what is looked at next is another version."""
