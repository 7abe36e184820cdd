"""The orders of one driver: which are taken at once, which wait, and what came of each.

An order to check or to go back is answered when the update it leads to has come to rest; one to
note something down, when that stands on disk. A check that is asked for while one is under way is
that check; whatever else comes meanwhile waits for it. Once there is something to do the service
is busy, and whoever asks is told so. What was not begun when the driver ends is refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Saved
from dropship.core.situation import State
from dropship.core.values import Release
from dropship.deploy import words
from dropship.deploy.desk import Answer, ByHand, Desk, GoBack, Order, RetryInFleet, Verdict
from dropship.install.layout import Layout

NOTED: Final[Mapping[type[on.Event], str]] = {
    on.Pause: "paused; what is under way is finished first",
    on.Resume: "updates go on",
    on.Retry: "nothing is in quarantine here any more",
    on.Pin: "pinned",
    on.Unpin: "not pinned any more",
}
"""What came of an order to note something down; of a pin, without its version."""

NOT_BEGUN: Final = "not begun: whoever drives the service was asked to end; try again"
"""What came of an order that nobody got to."""

_RESTS: Final = (Phase.IDLE, Phase.HOLDING, Phase.STOPPED)


class Orders:
    """What was ordered and is not answered yet."""

    def __init__(self, desk: Desk, layout: Layout) -> None:
        self._desk = desk
        self._layout = layout
        self._heard: list[Order] = []
        self._later: list[Order] = []
        self._open: list[Order] = []
        self._noted: list[tuple[Order, on.Event]] = []

    def next(self, state: State) -> Order | None:
        """The next one, if there is one now: those first that waited and need not any more."""
        self._heard += self._desk.orders()
        waited = self._later if state.phase not in (Phase.STARTING, Phase.CHECKING) else []
        return next((queue.pop(0) for queue in (waited, self._heard) if queue), None)

    def admit(
        self, order: Order, state: State, update_id: str
    ) -> on.Event | ByHand | RetryInFleet | None:
        """The event that an order is for the table now; None if it waits or is answered already.

        ``update_id`` names the update that it may lead to. Hooks to run by hand and what others are
        to forget are none of the table's: whoever asked for the next order sees to them, and
        answers.
        """
        event = order.event
        if isinstance(event, on.Stop):
            return event
        if state.phase is Phase.STARTING:
            self._later.append(order)
            return None
        if isinstance(event, (on.CheckNow, GoBack, ByHand, RetryInFleet)):
            return self._begin(order, event, state, update_id)
        self._noted.append((order, event))
        return event

    def _begin(
        self,
        order: Order,
        event: on.CheckNow | GoBack | ByHand | RetryInFleet,
        state: State,
        update_id: str,
    ) -> on.Event | ByHand | RetryInFleet | None:
        insists = not isinstance(event, on.CheckNow) or event.force
        if state.phase is Phase.CHECKING:
            (self._later if insists else self._open).append(order)
            return None
        if busy := words.busy(state, insists=insists):
            self._desk.answer(order, Answer(Verdict.REFUSED, busy))
            return None
        if isinstance(event, (ByHand, RetryInFleet)):
            return event
        if isinstance(event, GoBack):
            release = _target(state.saved, self._layout, event.release)
            if isinstance(release, str):
                self._desk.answer(order, Answer(Verdict.FAILED, release))
                return None
            self._open.append(order)
            return on.RollBack(release=release, update_id=update_id)
        self._open.append(order)
        return replace(event, update_id=update_id)

    def settle_noted(self, state: State) -> None:
        """Answer what was to be noted down: it has been performed."""
        noted, self._noted = self._noted, []
        for order, event in noted:
            self._desk.answer(order, noted_down(event, state))

    def settle(self, state: State, answer: Answer) -> None:
        """Answer what was to be done, if ``state`` has come to rest."""
        if state.phase not in _RESTS or state.awaiting:
            return
        ended, self._open = self._open, []
        for order in ended:
            self._desk.answer(order, answer)

    def refuse_rest(self) -> None:
        """The driver ends: answer what it did not get to."""
        rest = [*self._later, *self._heard, *self._desk.orders()]
        self._later, self._heard = [], []
        for order in rest:
            if not isinstance(order.event, on.Stop):
                self._desk.answer(order, Answer(Verdict.REFUSED, NOT_BEGUN))


def noted_down(event: on.Event, state: State) -> Answer:
    """What came of an order to note something down, now that it was tried."""
    if state.disk == state.saved:
        return Answer(Verdict.GOOD, came_of(event))
    return Answer(Verdict.FAILED, state.trouble or "it could not be written down")


def came_of(event: on.Event) -> str:
    """What came of an order, now that it stands on disk."""
    words = NOTED[type(event)]
    return f"{words} to {event.version}" if isinstance(event, on.Pin) else words


def _target(saved: Saved, layout: Layout, name: str) -> Release | str:
    """The release to go back to, or why there is none."""
    current = saved.current
    if not name and saved.previous is None:
        return "there is no previous release to go back to"
    # What is staged was never current, and what is left belongs to another destination.
    known = [one for one in saved.releases if one not in (saved.staged, *saved.left)]
    named = next((one for one in known if one.name == name), None)
    release = named if name else saved.previous
    if release is None:
        listed = ", ".join(one.name for one in known) or "none"
        return f"there is no release {name} on this host; there are: {listed}"
    if current is not None and release.name == current.name:
        return f"{release.name} is current already"
    if not os.path.lexists(layout.release(release.name)):
        return f"the files of {release.name} are gone from {layout.releases}"
    return release
