"""Where an update is: everything that decides what happens next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from dropship.core.blame import Blame
from dropship.core.events import Started, TokenSeen
from dropship.core.phase import Phase
from dropship.core.saved import Attempt, Journal, Saved
from dropship.core.values import Md5, Release, Token
from dropship.core.version import Order

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the configuration says that the table asks for.

    Attributes:
        recipe: Fingerprint of the settings that shape an unpacked tree.
        sequential: Take turns.
        holds: Keep the turn after a success (``updateTTL``).
        verifies: There are health checks.
        keeps: How many good releases stay besides the current one.
        assumed: The md5 (or token) taken as installed while there is no state.
        order: Of the artifact's versions.
        downgrades: An older version may take the place of a newer one.
    """

    recipe: str = ""
    sequential: bool = False
    holds: bool = False
    verifies: bool = False
    keeps: int = 5
    assumed: str | None = None
    order: Order = "semver"
    downgrades: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Everything that decides what happens next.

    Attributes:
        saved: The state as it should be on disk.
        disk: The state as it is on disk; None where that is not known.
        entered: When the phase was entered, seconds since the epoch.
        attempt: The update under way; None while idle.
        awaiting: Id of the long command that is out, 0 if none is.
        serial: The last id given to a long command.
        turn: A turn is held, or may be.
        turn_at: Since when, seconds since the epoch.
        seen: What the store said last.
        failures: Failed checks and updates in a row, for backoff.
        leave_alone: Seconds for which the store wants no question after the last one.
        moves: How often in a row the token moved on while the turn was waited for.
        tries: How often in a row the state could not be written.
        trouble: Why the last check or update came to nothing; None after a good one.
        blame: What ``trouble`` is put down to; None where no code of the contract fits.
        stopping: A stop was asked for; it ends when the update has.
        deaths: How often a worker died in this phase before.
        hook: Index of the hook from which a recovered phase goes on.
    """

    facts: Facts
    saved: Saved = Saved()
    disk: Saved | None = None
    phase: Phase = Phase.STARTING
    entered: float = 0.0
    attempt: Attempt | None = None
    awaiting: int = 0
    serial: int = 0
    turn: bool = False
    turn_at: float = 0.0
    seen: Token = Token("")
    failures: int = 0
    leave_alone: float = 0.0
    moves: int = 0
    tries: int = 0
    trouble: str | None = None
    blame: Blame | None = None
    stopping: bool = False
    deaths: int = 0
    hook: int = 0

    @property
    def now(self) -> Attempt:
        """The update under way."""
        return _there(self.attempt, self.phase)

    @property
    def target(self) -> Release:
        """What is to become current."""
        return _there(self.now.target, self.phase)

    @property
    def origin(self) -> Release:
        """What to go back to."""
        return _there(self.now.origin, self.phase)

    @property
    def current(self) -> Release:
        """What is installed."""
        return _there(self.saved.current, self.phase)

    def attempting(self, **changes: object) -> State:
        """With the update under way changed."""
        # dataclasses.replace checks the names; mypy cannot see through a mapping of them.
        return replace(self, attempt=replace(self.now, **changes))  # type: ignore[arg-type]  # see above


def _there(value: T | None, phase: Phase) -> T:
    """What a row of the table may rely on in its phase.

    Raises:
        RuntimeError: It is not there: a fault of the table, not of the world.
    """
    if value is None:
        raise RuntimeError(f"the table asks for what is not there while {phase.value}")
    return value


def meaning(state: State, event: TokenSeen) -> Md5 | None:
    """The md5 that the store's answer stands for, promised or known from before."""
    return event.md5 or state.saved.meaning(event.token)


def installed(state: State, event: TokenSeen) -> Release | None:
    """What is really current: the link wins over state; a deleted link is no change."""
    current = state.saved.current
    if event.linked is not None:
        same = current is not None and current.name == event.linked.name
        return current if same else state.saved.release(event.linked.name) or event.linked
    return None if event.lost or event.standing is not None else current


def died(event: Started) -> Journal:
    """The journal of the driver that died."""
    return _there(event.journal, Phase.STARTING)
