"""An order that only notes something down, carried out where no driver runs."""

from __future__ import annotations

from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Saved
from dropship.core.situation import Facts, State
from dropship.core.update import step
from dropship.state.lock import OwnerLock
from dropship.state.store import Store


def note(event: on.Event, store: Store, lock: OwnerLock) -> Saved:
    """Change the state as the table would, and give it.

    Raises:
        BusyError: Somebody drives the service.
        StateError: State cannot be read or written.
    """
    with lock:
        saved = store.load() or Saved()
        idle = State(Facts(), saved=saved, disk=saved, phase=Phase.IDLE)
        after, _ = step(idle, event)
        store.save(after.saved)
    return after.saved
