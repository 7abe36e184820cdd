"""What the table asks of the journal that a dead driver left: guards of ``Started``."""

from __future__ import annotations

from typing import Final

from dropship.core.events import Started
from dropship.core.phase import Phase
from dropship.core.situation import State, died

DEATHS_TOLERATED: Final = 4


def no_journal(_state: State, event: Started) -> bool:
    """Nothing was under way."""
    return event.journal is None


def died_unflipped(_state: State, event: Started) -> bool:
    """The driver died before the switch."""
    if _died_in(event, (Phase.ACTIVATING,)):
        return not event.linked_to_target
    return _died_in(event, (Phase.BEFORE,))


def died_unflipped_first(state: State, event: Started) -> bool:
    """The driver died before the switch of a first install."""
    return died_unflipped(state, event) and _nothing_before(event)


def died_flipped(_state: State, event: Started) -> bool:
    """The driver died after the switch, before the ``after`` hooks were done."""
    return _died_in(event, _HOOKS_DUE)


def died_verifying(_state: State, event: Started) -> bool:
    """The driver died while health was looked at."""
    return _died_in(event, (Phase.VERIFYING,))


def died_committing(_state: State, event: Started) -> bool:
    """The driver died while the new state was made the state."""
    return _died_in(event, (Phase.COMMITTING,))


def died_undo_before(_state: State, event: Started) -> bool:
    """The driver died while the ``before`` hooks of going back ran."""
    return _died_in(event, (Phase.UNDO_BEFORE,))


def died_undo_flip(_state: State, event: Started) -> bool:
    """The driver died while it switched back."""
    return _died_in(event, (Phase.UNDO_FLIP,))


def died_undo_after(_state: State, event: Started) -> bool:
    """The driver died while the ``after`` hooks of going back ran."""
    return _died_in(event, (Phase.UNDO_AFTER,))


def died_undo_verify(_state: State, event: Started) -> bool:
    """The driver died while the health of the old release was looked at."""
    return _died_in(event, (Phase.UNDO_VERIFY,))


def died_undo_notify(_state: State, event: Started) -> bool:
    """The driver died while the ``failed`` hooks ran."""
    return _died_in(event, (Phase.UNDO_NOTIFY,))


def died_settling(_state: State, event: Started) -> bool:
    """The driver died while the outcome was written."""
    return _died_in(event, (Phase.SETTLING,))


def fifth_death(_state: State, event: Started) -> bool:
    """It was the fifth time in the same phase, with the new release current."""
    return _fifth(event) and _died_in(event, (*_HOOKS_DUE, Phase.VERIFYING, Phase.COMMITTING))


def fifth_death_first(state: State, event: Started) -> bool:
    """Likewise, with nothing to go back to."""
    return fifth_death(state, event) and _nothing_before(event)


def fifth_death_undo_before(state: State, event: Started) -> bool:
    """It was the fifth time in this step of going back; the next one follows."""
    return _fifth(event) and died_undo_before(state, event)


def fifth_death_undo_flip(state: State, event: Started) -> bool:
    """It was the fifth time in this step of going back; the next one follows."""
    return _fifth(event) and died_undo_flip(state, event)


def fifth_death_undo_after(state: State, event: Started) -> bool:
    """It was the fifth time in this step of going back; the next one follows."""
    return _fifth(event) and died_undo_after(state, event)


def fifth_death_undo_verify(state: State, event: Started) -> bool:
    """It was the fifth time in this step of going back; the next one follows."""
    return _fifth(event) and died_undo_verify(state, event)


def fifth_death_undo_notify(state: State, event: Started) -> bool:
    """It was the fifth time in this step of going back; the next one follows."""
    return _fifth(event) and died_undo_notify(state, event)


_HOOKS_DUE: Final = (Phase.ACTIVATING, Phase.AFTER)


def _died_in(event: Started, phases: tuple[Phase, ...]) -> bool:
    return died(event).phase in phases


def _fifth(event: Started) -> bool:
    return died(event).deaths >= DEATHS_TOLERATED


def _nothing_before(event: Started) -> bool:
    return died(event).attempt.origin is None
