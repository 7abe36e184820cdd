"""What is kept on disk about a service: its state, the journal of a step in flight, its history.

Plain frozen values; ``state`` writes and reads them. Fields are only ever added, each with a
default, so that older and newer programs read each other's files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from dropship.core.blame import Blame
from dropship.core.phase import Phase
from dropship.core.values import Md5, Release, Token

Outcome = Literal["updated", "failed", "rolled-back", "postponed", "refused"]

_TOKENS_KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A digest that is not tried again on this host. ``since``: seconds since the epoch."""

    md5: Md5
    reason: str
    since: float


@dataclass(frozen=True, slots=True)
class Paused:
    """Updating is stopped by an operator. ``since``: seconds since the epoch."""

    reason: str
    since: float
    by: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a token was found to stand for once its artifact had been read."""

    token: Token
    md5: Md5


NEVER_CAME_UP: Final = "never came up"
"""In the place of a release's recipe: no settings have it, so the release is staged once more."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The state of a service.

    Attributes:
        destination: Absolute; another one is another place, and a first install there.
        current: The release the destination points to.
        previous: The release before that.
        staged: Whole, but not current yet.
        left: What destinations of former configurations still point to; never pruned.
        kept: Releases that were current and worked, newest first, without ``current``.
        tokens: What the last tokens stood for; the one the store showed last comes first.
        quarantine: Digests not to be tried.
        paused: Set while an operator wants no updates.
        pinned: The version an operator holds the service at.
        failed: Why the last update failed, until one succeeds, the store has again what is
            installed, or an operator says ``retry``.
        mismatch: The token whose bytes last did not match, so that it is recorded once.
        doubted: What was refused last although nobody vouches for it: for good the next time.
        installed_at: Seconds since the epoch; when ``current`` became current.
    """

    destination: str = ""
    current: Release | None = None
    previous: Release | None = None
    staged: Release | None = None
    left: tuple[Release, ...] = ()
    kept: tuple[Release, ...] = ()
    tokens: tuple[Meaning, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    paused: Paused | None = None
    pinned: str | None = None
    failed: str | None = None
    mismatch: Token = Token("")
    doubted: Md5 | None = None
    installed_at: float | None = None

    def meaning(self, token: Token) -> Md5 | None:
        """The md5 that ``token`` is known to stand for."""
        return next((known.md5 for known in self.tokens if known.token == token), None)

    def note(self, token: Token, md5: Md5) -> Saved:
        """Remember what a token stands for; the oldest are forgotten."""
        rest = tuple(known for known in self.tokens if known.token != token)
        return replace(self, tokens=(Meaning(token, md5), *rest)[:_TOKENS_KEPT])

    def quarantined(self, md5: Md5 | None) -> Quarantined | None:
        """The quarantine of a digest, if it is in one."""
        return next((found for found in self.quarantine if found.md5 == md5), None)

    def quarantining(self, fresh: Quarantined) -> Saved:
        """With one more digest in quarantine."""
        rest = self.without_quarantine(fresh.md5).quarantine
        return replace(self, quarantine=(*rest, fresh))

    def without_quarantine(self, md5: Md5 | None) -> Saved:
        """With a digest out of quarantine."""
        rest = tuple(found for found in self.quarantine if found.md5 != md5)
        return replace(self, quarantine=rest)

    def release(self, name: str) -> Release | None:
        """A release on this host by name."""
        return next((one for one in self.releases if one.name == name), None)

    @property
    def releases(self) -> tuple[Release, ...]:
        """All that state knows of: current, previous, staged, left, kept; each once."""
        known: dict[str, Release] = {}
        for one in (self.current, self.previous, self.staged, *self.left, *self.kept):
            if one is not None:
                known.setdefault(one.name, one)
        return tuple(known.values())


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long the parts of an update took, in seconds."""

    stage: float = 0.0
    wait: float = 0.0
    switch: float = 0.0
    verify: float = 0.0
    ask: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to make a release current.

    Attributes:
        id: Unique; hooks see it as DROPSHIP_UPDATE.
        started: Seconds since the epoch.
        target: What is to become current; None until it is staged.
        md5: Of the artifact, where it is known before it is staged.
        origin: What was current before, or what stands at the destination and will be adopted.
        by_hand: An operator chose the target; it is not what the store has now.
        forced: An operator wants it past pause and quarantine.
        turn: A turn was asked for and taken.
        flipped: The destination points to the target.
        touched: It did so at some time of this attempt.
        quarantine: The target's bytes were current here and failed.
        postponed: A hook asked to try later: going back is no failure.
        errors: What went wrong, the first being the reason for going back.
        blame: What the first of them is put down to.
        remark: Something else that the history should tell.
        seconds: What its parts took so far.
    """

    id: str
    started: float
    target: Release | None = None
    md5: Md5 | None = None
    origin: Release | None = None
    by_hand: bool = False
    forced: bool = False
    turn: bool = False
    flipped: bool = False
    touched: bool = False
    quarantine: bool = False
    postponed: bool = False
    errors: tuple[str, ...] = ()
    blame: Blame | None = None
    remark: str | None = None
    seconds: Seconds = Seconds()

    @property
    def begun(self) -> float:
        """When it began to touch the host: what it brings was staged, and its turn had come."""
        took = self.seconds
        return self.started + took.ask + took.stage + took.wait

    @property
    def reason(self) -> str | None:
        """Why it comes to nothing, and what else went wrong then; None if nothing did.

        That the old release did not come up either must not be lost behind the first error.
        """
        if not self.errors:
            return None
        first, *later = self.errors
        return f"{first}; then also: {'; '.join(later)}" if later else first


@dataclass(frozen=True, slots=True)
class Journal:
    """The step in flight, as it stands on disk while there is one.

    Attributes:
        phase: The phase that was entered.
        hook: Index of the hook from which its hooks run.
        attempt: The update it belongs to.
        deaths: How often a worker died in this phase.
    """

    phase: Phase
    attempt: Attempt
    hook: int = 0
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One past update. Times are seconds since the epoch.

    ``version``: of ``release``, if any. ``by_hand``: an operator had an earlier release back.
    """

    id: str
    started: float
    finished: float
    outcome: Outcome
    from_hash: Md5 | None = None
    to_hash: Md5 | None = None
    release: str | None = None
    error: str | None = None
    bytes: int = 0
    seconds: Seconds = Seconds()
    output: str = ""
    version: str | None = None
    by_hand: bool = False
