"""What is wrong with a template, and where: apart from all that reads one."""

from __future__ import annotations


class TemplateError(ValueError):
    """A text is no template.

    Attributes:
        start, end: Which part of it is at fault.
        hint: What may have been meant; empty if nobody knows.
    """

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hint = hint


class HintError(ValueError):
    """As ``ValueError``, with what may have been meant; where it stands its catcher knows."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def placed(error: ValueError, start: int, end: int, source: str = "") -> TemplateError:
    """The error with its place, unless it has one already, and with the action it is in."""
    message = f"{error}, in {source}" if source else str(error)
    if isinstance(error, TemplateError):
        return TemplateError(message, error.start, error.end, error.hint)
    return TemplateError(message, start, end, getattr(error, "hint", ""))
