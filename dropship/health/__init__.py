"""Whether a service works: the Protocol, and nothing else.

A backend is a class with a class attribute ``Options``; its constructor takes one. How long, how
often and how many times to look is the caller's: a check only looks once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

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
