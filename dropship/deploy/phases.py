"""The phases of an update in words an operator uses."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dropship.core.phase import Phase

SAID: Final[Mapping[Phase, str]] = MappingProxyType(
    {
        Phase.STAGING: "something new: downloading and unpacking it",
        Phase.WAITING: "waiting for the turn",
        Phase.RECHECKING: "has the turn; asking the store again",
        Phase.BEFORE: "running the before hooks",
        Phase.ACTIVATING: "switching",
        Phase.AFTER: "switched; running the after hooks",
        Phase.VERIFYING: "checking health",
        Phase.COMMITTING: "works; writing it down",
        Phase.HOLDING: "keeping the turn",
        Phase.UNDO_BEFORE: "going back: running the before hooks",
        Phase.UNDO_FLIP: "going back: switching",
        Phase.UNDO_AFTER: "going back: running the after hooks",
        Phase.UNDO_VERIFY: "going back: checking health",
        Phase.UNDO_NOTIFY: "running the failed hooks",
        Phase.SETTLING: "writing down what failed",
    }
)
"""What an update does in them; of the others there is nothing to tell."""

_DOING: Final = {
    Phase.STARTING.value: "starting",
    Phase.CHECKING.value: "asking the store",
    **{phase.value: said for phase, said in SAID.items()},
}


def doing(phase: str) -> str:
    """What goes on in a phase, by its value; empty where nothing does."""
    return _DOING.get(phase, "")
