"""What the driver is told to do. ``Long`` commands give exactly one event; the others none.

A short command that must not fail (``Save``, ``WriteJournal`` where ``required``) gives
``SaveFailed`` and ends its step if it does; the other short ones are best effort.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from dropship.core.saved import HistoryEntry, Journal, Saved
from dropship.core.values import Release

HookKind = Literal["before", "after", "failed"]


class Pace(Enum):
    """When to check next."""

    INTERVAL = "interval"
    BACKOFF = "backoff"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do."""


@dataclass(frozen=True, slots=True)
class Long(Command):
    """Something that may take long, and gives one event with this id."""

    id: int = 0


@dataclass(frozen=True, slots=True)
class Sweep(Command):
    """Clear what a dead driver left in ``staging/`` and releases that state does not know."""


@dataclass(frozen=True, slots=True)
class ArmCheck(Command):
    """Set the one timer to give ``Due``. ``at_least``: seconds. ``failures``: so far in a row."""

    pace: Pace
    failures: int = 0
    at_least: float = 0.0


@dataclass(frozen=True, slots=True)
class ArmHold(Command):
    """Set the one timer to give ``HoldOver`` after ``updateTTL``."""


@dataclass(frozen=True, slots=True)
class ArmRetry(Command):
    """Set the one timer to give ``RetryDue``: after 1 s, doubling to 60 s with ``tries``."""

    tries: int


@dataclass(frozen=True, slots=True)
class PutBack(Command):
    """Make the destination point to the current release again: somebody deleted the link."""

    release: Release


@dataclass(frozen=True, slots=True)
class Discard(Command):
    """Delete a staged release that will not be used."""

    release: Release


@dataclass(frozen=True, slots=True)
class LeaveTurn(Command):
    """Give the turn back, if one is held."""


@dataclass(frozen=True, slots=True)
class WriteJournal(Command):
    """Write the journal.

    With ``next``, that state is written out in full too, uncommitted; with ``following``, so is the
    journal that will be asked for next, but for the times in it.
    """

    journal: Journal
    required: bool = False
    next: Saved | None = None
    following: Journal | None = None


@dataclass(frozen=True, slots=True)
class RemoveJournal(Command):
    """There is no step in flight any more."""


@dataclass(frozen=True, slots=True)
class Save(Command):
    """Write the state."""

    saved: Saved


@dataclass(frozen=True, slots=True)
class Record(Command):
    """Append a line to the history, unless its last line has this id already."""

    entry: HistoryEntry


@dataclass(frozen=True, slots=True)
class Mark(Command):
    """Tell the fleet that these bytes had to be taken back here."""

    release: Release
    error: str


@dataclass(frozen=True, slots=True)
class Prune(Command):
    """Delete releases beyond those that are kept."""

    saved: Saved


@dataclass(frozen=True, slots=True)
class Refuse(Command):
    """Say why nothing is updated though there is something new."""

    why: str


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """Call off the long command that is out; its event, if it still comes, is dropped."""


@dataclass(frozen=True, slots=True)
class Exit(Command):
    """End the driver. ``code``: 0, or 1 where a journal stays."""

    code: int = 0


@dataclass(frozen=True, slots=True)
class Ask(Long):
    """Ask the store what the artifact is: ``TokenSeen`` or ``StoreFailed``."""


@dataclass(frozen=True, slots=True)
class Stage(Long):
    """Download, verify, unpack what ``Ask`` found: ``Staged`` or ``StageFailed``."""


@dataclass(frozen=True, slots=True)
class TakeTurn(Long):
    """Wait for the turn: ``TurnTaken`` or ``TurnFailed``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHooks(Long):
    """Run hooks from ``first`` on: ``HooksPassed``, ``HookFailed``, ``HookPutOff``, ``LeaseLost``.

    While going back (``rollback``) and for ``failed`` hooks all of them run whatever fails, and
    one ``HookFailed`` at the end tells what did. ``fenced``: make sure of the turn first.
    """

    kind: HookKind
    first: int = 0
    rollback: bool = False
    fenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip(Long):
    """Make a release current: ``Flipped``, ``FlipFailed``, ``LeaseLost``.

    ``adopt``: what stands at the destination is kept as this release. ``fenced``: as above.
    """

    release: Release
    adopt: Release | None = None
    fenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth(Long):
    """Look until it holds: ``Healthy`` or ``Unhealthy``."""

    rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit(Long):
    """Make the state that was written out the state: ``Committed`` or ``SaveFailed``."""

    saved: Saved
