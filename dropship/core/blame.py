"""What keeps a service from following its store, by the codes of ``dropship why``.

A mark of the fleet travels in words only; they are made and read here, so that the host they name
can be found in them again.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


class Blame(Enum):
    """The codes of the command line's contract; their values are what stands in its JSON.

    The table of an update puts its ``trouble`` down to one of the first six. What fits none of
    them (a full disk, state that cannot be written, a switch that failed) has none.
    """

    PAUSED = "paused"
    QUARANTINED = "quarantined"
    FLEET_FAILED = "fleet-failed"
    WAITING_TURN = "waiting-turn"
    STORE = "store"
    HOOK = "hook"
    HOLDING = "holding"
    PINNED = "pinned"


_CODES: Final = {one.value: one for one in Blame}
_LEFT: Final = "left by hand for "
_MARK: Final = re.compile(r"failed on (?P<host>\S+) at ")


def read(code: str) -> Blame | None:
    """The blame that a code stands for; None for none, and for one of a newer program."""
    return _CODES.get(code)


def failed_on(host: str, at: str, error: str) -> str:
    """What is said of bytes that another host marked; ``at``: when, for people."""
    return f"failed on {host} at {at}: {error}"


def marking_host(words: str) -> str | None:
    """The host that ``failed_on`` named; None if ``words`` are not of its making."""
    found = _MARK.match(words)
    return found["host"] if found else None


def left_by_hand(release: str) -> str:
    """Why bytes are in quarantine that worked: an operator went to another release."""
    return f"{_LEFT}{release}"


def was_left_by_hand(words: str) -> bool:
    """Whether ``words`` are what ``left_by_hand`` made."""
    return words.startswith(_LEFT)
