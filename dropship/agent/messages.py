"""What supervisor and worker say to each other: one JSON object a packet, tagged by its kind.

What a worker says of itself is always a full statement of what it does now, so only the newest
counts and an older one may be lost. What a supervisor says is a wish; one that carries a ticket
is answered under it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from dropship.core.watch import Progress
from dropship.deploy.desk import Verdict
from dropship.errors import StateError
from dropship.state import codec

LONGEST: Final = 32 * 1024
"""Bytes in a packet at most."""

# Numbers and names beyond these are nothing that a worker has to say, and break whoever shows them:
# a year that no calendar has, a word that forges a line of the log.
_DIGITS: Final = 18
_FARTHEST: Final = 1e11  # seconds
_LONGEST_NAME: Final = 255

_KIND: Final = "kind"
_PLACE: Final = "a message"


@dataclass(frozen=True, slots=True)
class Busy:
    """At work, and attentive: said at least every ten seconds.

    Attributes:
        phase: Which phase of the update (``core.situation.Phase``'s value).
        release: Which release it is about, where one is known.
        progress: How far it is.
        turn: Since when a turn is held, seconds since the epoch; 0 if none is.
    """

    phase: str
    release: str = ""
    progress: Progress | None = None
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Asleep:
    """Nothing to do and silent until ``until`` (``time.monotonic()``).

    Attributes:
        until: When something is to be done next.
        phase: ``idle``, or what is waited in (``holding``).
        trouble: Why the last check or update came to nothing.
        failed: The last update failed and nothing has mended it since.
        checked: When the store was last asked, seconds since the epoch; 0 if it was not.
        blame: What ``trouble`` is put down to (``core.blame.Blame``'s value), if to anything.
        turn: As ``Busy``'s.
    """

    until: float
    phase: str = "idle"
    trouble: str = ""
    failed: bool = False
    checked: float = 0.0
    blame: str = ""
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of the wish with this ticket; said once."""

    ticket: int
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class CheckNow:
    """Check now, and update if there is something new. ``force``: past pause and quarantine."""

    force: bool = False
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class RollBack:
    """Make ``release`` current again; empty: the previous one."""

    release: str = ""
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """No updates until told otherwise; ``by`` whom, and why."""

    reason: str
    by: str
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Resume:
    """Updates again."""

    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing is in quarantine here any more. ``fleet``: nor marked for others."""

    fleet: bool = False
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Pin:
    """Hold the service at ``version``."""

    version: str
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Unpin:
    """The version follows its constraint again."""

    ticket: int = 0


@dataclass(frozen=True, slots=True)
class RunHooks:
    """Run hooks by hand: the ``number``-th of ``before``, ``after`` or ``failed``; 0: all."""

    phase: str
    number: int = 0
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """End at the next safe point. ``hard``: now, whatever is under way; the journal stays."""

    hard: bool = False


Statement: TypeAlias = Busy | Asleep
Order: TypeAlias = CheckNow | RollBack | Pause | Resume | Retry | Pin | Unpin | RunHooks
Wish: TypeAlias = Order | Finish
Message: TypeAlias = Statement | Answered | Wish

_KINDS: Final[Mapping[str, type[Message]]] = MappingProxyType(
    {
        "busy": Busy,
        "asleep": Asleep,
        "answered": Answered,
        "check-now": CheckNow,
        "roll-back": RollBack,
        "pause": Pause,
        "resume": Resume,
        "retry": Retry,
        "pin": Pin,
        "unpin": Unpin,
        "run-hooks": RunHooks,
        "finish": Finish,
    }
)
_NAMES: Final[Mapping[type[Message], str]] = MappingProxyType(
    {cls: name for name, cls in _KINDS.items()}
)


def encode(message: Message) -> bytes:
    """One packet.

    Raises:
        ValueError: It would be longer than ``LONGEST``.
    """
    content = {_KIND: _NAMES[type(message)], **codec.encode(message)}
    packet = json.dumps(content, separators=(",", ":")).encode()
    if len(packet) > LONGEST:
        raise ValueError(f"a message of {len(packet)} bytes is too long")
    return packet


def decode(packet: bytes) -> Message:
    """The message in a packet.

    Raises:
        ValueError: There is none that we know.
    """
    try:
        data = _DECODER.decode(packet.decode())
    except RecursionError as error:
        raise ValueError("a message that is nested too deeply") from error
    cls = _KINDS.get(str(data.get(_KIND))) if isinstance(data, dict) else None
    if cls is None:
        raise ValueError("a message of an unknown kind")
    try:
        return _checked(codec.decode(cls, data, _PLACE))
    except StateError as error:
        raise ValueError(str(error)) from error


def _number(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("a number that is too large")
    return int(digits)


_DECODER: Final = json.JSONDecoder(parse_int=_number)


def _checked(message: Message) -> Message:
    """The message, whose times and names are what they can be.

    Raises:
        ValueError: They are not.
    """
    # No comparison with NaN holds, so it is refused, too.
    if isinstance(message, Asleep) and not (
        0 <= message.until < _FARTHEST and 0 <= message.checked < _FARTHEST
    ):
        raise ValueError("a time that there is not")
    if isinstance(message, (Busy, Asleep)):
        if not _is_name(message.phase):
            raise ValueError("a phase that there is not")
        if not 0 <= message.turn < _FARTHEST:
            raise ValueError("a time that there is not")
    if isinstance(message, Busy) and not _is_name(message.release):
        raise ValueError("a release that there is not")
    return message


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and text.isprintable()
