"""What came of looking at something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["ok", "warning", "failed"]
STATES: Final[Sequence[State]] = ("ok", "warning", "failed")


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them, as ``doctor --format json`` has it.

    Attributes:
        check: What was looked at, such as ``store``.
        subject: Which one, such as a service; None where there is only one.
        cure: What to do; None where nothing is to be done.
    """

    check: str
    state: State
    subject: str | None
    message: str
    cure: str | None = None


def ok(check: str, message: str, subject: str | None = None) -> Finding:
    """All is well."""
    return Finding(check, "ok", subject, message)


def warning(check: str, message: str, subject: str | None = None, *, cure: str = "") -> Finding:
    """It works, but not as well as it could; or it could not be seen."""
    return Finding(check, "warning", subject, message, cure or None)


def failed(check: str, message: str, subject: str | None = None, *, cure: str = "") -> Finding:
    """It does not work."""
    return Finding(check, "failed", subject, message, cure or None)
