"""Why a check or an update came to nothing: in words, and what that is put down to.

``State.trouble`` and ``State.blame`` change here and nowhere else, always together: so they cannot
tell two stories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from dropship.core import events as on
from dropship.core.blame import Blame
from dropship.core.situation import State

_BLAMED: Final[Mapping[type[on.Event], Blame]] = MappingProxyType(
    {
        on.StoreFailed: Blame.STORE,
        # Nothing starts without a certain turn, and an engine that cannot be asked gives none.
        on.TurnFailed: Blame.WAITING_TURN,
        on.LeaseLost: Blame.WAITING_TURN,
        on.HookFailed: Blame.HOOK,
        on.HookPutOff: Blame.HOOK,
    }
)


def troubled(state: State, words: str, blame: Blame | None) -> State:
    """It came to nothing. ``blame``: None where no code of the contract fits."""
    return replace(state, trouble=words, blame=blame)


def untroubled(state: State) -> State:
    """What was wrong before does not count any more."""
    return replace(state, trouble=None, blame=None)


def blamed(event: on.Event) -> Blame | None:
    """What an event that tells of a failure is put down to, as long as nothing is condemned."""
    if isinstance(event, on.StageFailed):
        return None if event.fault is on.StageFault.NO_SPACE else Blame.STORE
    return _BLAMED.get(type(event))
