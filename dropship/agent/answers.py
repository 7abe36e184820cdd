"""What operators are told, as values: the shapes of the command line's JSON documents.

The fields are those of the documents, in this code's spelling (``next_check`` is ``nextCheck``
there); times are ISO 8601 in UTC. Fields are only ever added, and readers pass over those that
they do not know, so that an older command line understands a newer agent and the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, TypeVar

from dropship.core.option import camel
from dropship.core.values import Md5
from dropship.state import codec

T = TypeVar("T")

ServiceState = Literal[
    "idle", "checking", "staging", "waiting", "updating", "verifying", "holding", "rolling-back",
    "paused", "failed", "crashed", "blocked",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """The supervisor.

    ``config_error``: why the last reload was refused; ``stopping``: it ends once the updates under
    way are finished.
    """

    running: bool
    pid: int | None
    version: str
    since: str | None
    config_error: str | None
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class PausedAnswer:
    """Updating is stopped by an operator."""

    reason: str
    since: str
    by: str


@dataclass(frozen=True, slots=True)
class HolderAnswer:
    """Who holds a turn. ``hash``: what it installs; None where the engine does not tell."""

    host: str
    pid: int | None
    service: str
    hash: str | None
    since: str | None


@dataclass(frozen=True, slots=True)
class BrokenAnswer:
    """The last time that an operator broke the turns of a scope; ``holders``: whose."""

    by: str
    host: str
    since: str | None
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockAnswer:
    """The turns of one scope.

    ``services``: those of this host that take them. ``error``: why the engine could not be asked;
    then nothing is known of the rest.
    """

    lock: str
    type: str
    scope: str
    services: tuple[str, ...]
    limit: int
    holders: tuple[HolderAnswer, ...] = ()
    waiting: int | None = None
    broken: BrokenAnswer | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TurnAnswer:
    """A turn that is held, or waited for."""

    lock: str
    held: bool
    waiting_for: tuple[str, ...]
    since: str | None


@dataclass(frozen=True, slots=True)
class ProgressAnswer:
    """How far a download is; ``total`` where the store told."""

    bytes: int
    total: int | None


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """A service's worker. ``rss``: bytes; ``cpu``: seconds since its start.

    ``phase`` and ``note`` are what it does, in the words of the update's table and its own;
    ``since`` is when it began to, ``release`` the one that it is about; ``deaths``: those that
    followed each other without five minutes of good health between.
    """

    pid: int | None
    restarts: int
    rss: int | None
    cpu: float | None
    phase: str = ""
    note: str = ""
    last_exit: str | None = None
    since: str | None = None
    release: str | None = None
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """One service."""

    name: str
    state: ServiceState
    hash: str | None
    release: str | None
    previous: str | None
    installed_at: str | None
    last_check: str | None
    next_check: str | None
    last_error: str | None
    quarantined: tuple[Md5, ...]
    paused: PausedAnswer | None
    pinned: str | None
    version: str | None
    turn: TurnAnswer | None
    progress: ProgressAnswer | None
    worker: WorkerAnswer | None


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """``status``. ``warnings``: what of the configuration should be known of whoever looks."""

    agent: AgentAnswer
    services: tuple[ServiceAnswer, ...]
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """3 without an agent, 1 if any service failed, else 0."""
        if not self.agent.running:
            return 3
        bad = ("failed", "crashed", "blocked")
        return 1 if any(one.state in bad for one in self.services) else 0


@dataclass(frozen=True, slots=True)
class SecondsAnswer:
    """How long the parts of an update took."""

    stage: float
    wait: float
    switch: float
    verify: float


@dataclass(frozen=True, slots=True)
class UpdateAnswer:
    """One past update; ``by_hand``: an operator's ``rollback``."""

    service: str
    started: str
    finished: str
    from_hash: Md5 | None
    to_hash: Md5 | None
    release: str | None
    id: str
    outcome: Literal["updated", "failed", "rolled-back", "postponed", "refused"]
    error: str | None
    bytes: int
    seconds: SecondsAnswer
    version: str | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseAnswer:
    """A release that is kept on this host. ``bytes``: length of its artifact."""

    release: str
    hash: Md5 | None
    version: str | None
    installed_at: str | None
    current: bool
    previous: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """The first thing that keeps a service from being up to date."""

    service: str
    up_to_date: bool
    reason: str | None
    code: (
        Literal[
            "paused", "quarantined", "fleet-failed", "waiting-turn", "store", "hook", "holding",
            "pinned",
        ]
        | None
    )  # fmt: skip
    owner: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class OutcomeAnswer:
    """What came of an order for one service. ``code``: its exit code."""

    service: str
    code: int
    words: str


def to_json(answer: Any) -> Any:
    """The document of an answer, or of a sequence of them."""
    return codec.encode(answer, camel)


def of_json(cls: type[T], document: Any, where: str) -> T:
    """The answer in a document; ``where`` it comes from, for errors.

    Raises:
        StateError: It is none that we understand.
    """
    return codec.decode(cls, document, where, camel)


def iso(seconds: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return None if seconds is None else moment(seconds)


def moment(seconds: float) -> str:
    """As ``iso``, of a time that is there."""
    found = datetime.fromtimestamp(seconds, timezone.utc)
    return found.isoformat(timespec="seconds").replace("+00:00", "Z")


def seconds_of(iso_time: str) -> float:
    """Seconds since the epoch of what ``moment`` made."""
    # Python 3.10 does not know the Z.
    return datetime.fromisoformat(iso_time.replace("Z", "+00:00")).timestamp()


def newest_first(updates: Sequence[UpdateAnswer]) -> list[UpdateAnswer]:
    """Past updates of several services in one order."""
    return sorted(updates, key=lambda one: one.finished, reverse=True)
