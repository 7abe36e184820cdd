"""What can happen to an update. Every event carries when it happened (seconds since the epoch).

A ``Completion`` ends the one long command that is out and carries its id; the others come from
timers and operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dropship.core.saved import Journal, Paused, Saved
from dropship.core.values import Md5, Release, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened."""

    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """A driver took the service over.

    Attributes:
        saved: The state.
        mended: It is not what stands on disk.
        journal: The step in flight.
        linked_to_target: The journal's target is current.
    """

    saved: Saved
    mended: bool = False
    journal: Journal | None = None
    linked_to_target: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Event):
    """The time of the next check has come. ``update_id`` names the update, if one follows."""

    update_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckNow(Event):
    """An operator wants a check. ``force``: past pause and quarantine, and the same bytes too."""

    update_id: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack(Event):
    """An operator wants ``release`` (one that state knows) to be current again."""

    release: Release
    update_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Event):
    """An operator wants no updates."""

    paused: Paused


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Event):
    """An operator wants updates again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry(Event):
    """An operator lifts every quarantine here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Event):
    """An operator holds the service at a version."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpin(Event):
    """An operator lets the version follow its constraint again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Event):
    """The driver is to end. ``hard``: now, whatever is under way; the journal stays."""

    hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOver(Event):
    """``updateTTL`` is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLost(Event):
    """The turn that is held is not certain any more."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDue(Event):
    """State could not be written; it is time to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion(Event):
    """The end of the long command with this id."""

    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSeen(Completion):
    """The store answered.

    Attributes:
        token: What the artifact is now.
        md5: The md5 the store promises, where it does.
        version: Which version of the artifact that is, where it has some.
        linked: The release the destination points to.
        standing: What stands at the destination that is not ours, as the release it would be
            adopted as.
        lost: The current release's tree is not there any more.
        staged_lost: What was staged is not there any more.
        previous_lost: The previous release's tree is not there any more.
        marked: Why the fleet does not want these bytes.
    """

    token: Token
    md5: Md5 | None = None
    version: str | None = None
    linked: Release | None = None
    standing: Release | None = None
    lost: bool = False
    staged_lost: bool = False
    previous_lost: bool = False
    marked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFailed(Completion):
    """The store could not be asked.

    ``permanent``: waiting alone will not mend it. ``wait``: seconds that it wants to be left alone.
    """

    error: str
    permanent: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged(Completion):
    """The artifact stands whole and verified in ``releases/``."""

    release: Release
    marked: str | None = None


class StageFault(Enum):
    """Why staging failed."""

    MOVED = "moved"
    TRANSIENT = "transient"
    CORRUPT = "corrupt"
    REFUSED = "refused"
    DOUBTED = "doubted"
    NO_SPACE = "nospace"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFailed(Completion):
    """Nothing was staged.

    ``md5``: of the bytes, where they were refused: verified, or (doubted) without anybody's word.
    ``wait``: as in ``StoreFailed``.
    """

    fault: StageFault
    error: str
    wait: float = 0.0
    token: Token = Token("")
    md5: Md5 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaken(Completion):
    """The turn is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFailed(Completion):
    """No turn could be had."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLost(Completion):
    """The turn was not certain any more when it had to be. ``hooks_ran``: some hook had begun."""

    error: str
    hooks_ran: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HooksPassed(Completion):
    """All hooks that count have run and passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFailed(Completion):
    """The hook at ``index`` failed for good. ``abort``: ``onFailure = "abort"`` is written out."""

    index: int
    error: str
    abort: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPutOff(Completion):
    """The hook at ``index`` asked to try later. ``hooks_ran``: another one had run before it."""

    index: int
    error: str
    hooks_ran: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy(Completion):
    """Every health check held as long as it had to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhealthy(Completion):
    """A health check did not hold in time."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flipped(Completion):
    """The destination points to the release that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipFailed(Completion):
    """The switch failed. ``linked``: the destination points to the asked-for release even so."""

    error: str
    linked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Completion):
    """The new state is on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFailed(Completion):
    """State or journal could not be written; later commands of the step were not performed."""

    error: str
