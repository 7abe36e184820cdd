"""Events for hooks, and hooks from the texts of their templates."""

from __future__ import annotations

from typing import Any

from dropship.hooks import Event

HASH = "900150983cd24fb0d6963f7d28e17f72"


def event(service: str = "api", **what: Any) -> Event:
    """An event with what a test wants of it."""
    known: dict[str, Any] = {
        "hostname": "web-07",
        "update_id": "u1",
        "phase": "after",
        "hash": HASH,
        **what,
    }
    return Event(service=service, **known)
