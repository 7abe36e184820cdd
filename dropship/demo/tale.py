"""What is told, line by line; how it looks is the teller's business."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol


class Kind(Enum):
    """What a line is."""

    TITLE = auto()
    STEP = auto()  # what is done now
    PROOF = auto()  # what came of it
    FACT = auto()  # more of the same
    QUOTE = auto()  # what the agent says meanwhile
    FAULT = auto()  # what did not come out right
    PLAIN = auto()


class Tell(Protocol):
    """Tells one line; nobody need be left to hear it, so it never fails."""

    def __call__(self, kind: Kind, words: str) -> None:
        """Tell it."""
