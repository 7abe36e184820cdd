"""An order that only notes something down, carried out where no driver runs."""

from __future__ import annotations

from dropship import log
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Saved
from dropship.core.situation import Facts, State
from dropship.core.update import step
from dropship.deploy import ground
from dropship.install.layout import Layout
from dropship.state.lock import ServiceLock
from dropship.state.store import Store


def note(event: on.Event, service: str, store: Store, layout: Layout, who: str) -> Saved:
    """Change the state as the table would, and give it; ``who`` does it, for the lock.

    Raises:
        BusyError: Somebody drives the service.
        StateError: State cannot be read or written.
    """
    with ServiceLock(layout.lock, service, who):
        saved = store.load()
        if saved is None:
            # What is written now is what the next driver goes by: it must know of the releases.
            saved = ground.known(layout, None, store.journal_read(), log.bound(service))
        idle = State(Facts(), saved=saved, disk=saved, phase=Phase.IDLE)
        after, _ = step(idle, event)
        store.save(after.saved)
    return after.saved
