"""The small values everything is made of: durations, sizes, digests, secrets, releases.

Parsing happens once, at the edge; whoever holds one of these need not check it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NewType, NoReturn, TypeVar

Token = NewType("Token", str)
"""What a store says of an artifact without its being downloaded; changed means look closer."""

Md5 = NewType("Md5", str)
"""32 lower-case hex digits: the name by which releases, quarantines and templates know bytes."""

# Go's time.ParseDuration knows these units and no others.
_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, the micro sign
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_LONGEST_NS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time, as Go's ``time.Duration``: whole nanoseconds, up to some 292 years."""

    nanoseconds: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read Go's notation: ``10s``, ``1h30m``, ``1.5h``, ``250ms``, ``0``.

        Raises:
            ValueError: The text is not a duration, or is out of range; the message is for people.
        """
        sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
        if body == "0":
            return cls(0)
        total, at = 0, 0
        while match := _PART.match(body, at):
            total += _scaled(match[1], _UNITS[match[2]])
            at = match.end()
        if not body or at != len(body):
            raise ValueError(f'"{text}" is not a duration such as "10s", "1h30m" or "250ms"')
        if total > _LONGEST_NS:
            raise ValueError(f'the duration "{text}" is longer than 292 years')
        return cls(sign * total)

    @classmethod
    def of(cls, seconds: float) -> Duration:
        """From seconds."""
        return cls(round(seconds * 1e9))

    @property
    def seconds(self) -> float:
        """In seconds."""
        return self.nanoseconds / 1e9

    def __str__(self) -> str:
        """Go's notation, as ``{{.CheckInterval}}`` shows it: ``10s``, ``1h30m0s``, ``1.5ms``."""
        if self.nanoseconds < 0:
            return "-" + str(Duration(-self.nanoseconds))
        if self.nanoseconds < 1_000_000_000:
            return _below_a_second(self.nanoseconds)
        minutes, rest = divmod(self.nanoseconds, 60_000_000_000)
        hours, minutes = divmod(minutes, 60)
        seconds = _decimal(rest, 1_000_000_000) + "s"
        if hours:
            return f"{hours}h{minutes}m{seconds}"
        return f"{minutes}m{seconds}" if minutes else seconds


def _scaled(number: str, unit: int) -> int:
    whole, _, fraction = number.partition(".")
    part = int(fraction) * unit // 10 ** len(fraction) if fraction else 0
    return int(whole or 0) * unit + part


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = str(unit + rest)[1:].rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def _below_a_second(nanoseconds: int) -> str:
    if nanoseconds == 0:
        return "0s"
    for unit, name in ((1_000_000, "ms"), (1_000, "µs")):
        if nanoseconds >= unit:
            return _decimal(nanoseconds, unit) + name
    return f"{nanoseconds}ns"


_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_SIZES: Final = {
    "": 1, "b": 1,
    "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12, "tb": 10**12,
    "ki": 2**10, "kib": 2**10, "mi": 2**20, "mib": 2**20, "gi": 2**30, "gib": 2**30, "ti": 2**40, "tib": 2**40,
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A number of bytes."""

    bytes: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read ``10MB`` (powers of ten), ``20 GiB`` (powers of two), or plain bytes.

        Raises:
            ValueError: The text is not a size; the message is for people.
        """
        match = _SIZE.fullmatch(text)
        unit = _SIZES.get(match[2].lower()) if match else None
        if match is None or unit is None:
            raise ValueError(f'"{text}" is not a size such as "10MB" or "20GiB"')
        return cls(round(float(match[1]) * unit) if "." in match[1] else int(match[1]) * unit)

    def __str__(self) -> str:
        for power, name in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
            if self.bytes >= 1 << power:
                return f"{self.bytes / (1 << power):.4g} {name}"
        return f"{self.bytes} B"


@dataclass(frozen=True, slots=True)
class Share:
    """A floor for free space: bytes, or a fraction of the file system."""

    bytes: int = 0
    fraction: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Share:
        """Read ``5%`` or a size.

        Raises:
            ValueError: Neither of the two; the message is for people.
        """
        if text.strip().endswith("%"):
            try:
                fraction = float(text.strip()[:-1]) / 100
            except ValueError:
                fraction = -1.0
            if not 0 <= fraction < 1:
                raise ValueError(f'"{text}" is not a percentage below 100')
            return cls(fraction=fraction)
        try:
            return cls(bytes=Size.parse(text).bytes)
        except ValueError:
            message = f'"{text}" is neither a size such as "1GB" nor a percentage such as "5%"'
            raise ValueError(message) from None

    def of(self, total: int) -> int:
        """The floor in bytes on a file system of ``total`` bytes."""
        return max(self.bytes, int(total * self.fraction))

    def __str__(self) -> str:
        return f"{self.fraction * 100:g}%" if self.fraction else str(Size(self.bytes))


class Secret:
    """A value that hides itself wherever it is shown; ``reveal()`` where it is really needed."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: hand it to whoever needs it and keep no copy."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __format__(self, spec: str) -> str:
        return "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not leave its process")


ValueT = TypeVar("ValueT")


class Named(Mapping[str, ValueT]):
    """An immutable, hashable mapping of what is named in a block."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, ValueT] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, key: str) -> ValueT:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        # Values of headers and environments are often credentials.
        return f"{type(self).__name__}({', '.join(self._items)})"


class Strings(Named[str]):
    """Names and texts: the value of ``env {}``, or of a store's ``headers {}``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """md5 and sha256 of an artifact's bytes, lower-case hex."""

    md5: Md5
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """One unpacked artifact on this host.

    Attributes:
        name: Its file name under ``releases/``: ``<UTC time>-<first 12 of md5>``, or
            ``adopted-<UTC time>`` for what stood at the destination before the first update.
        digest: Of the artifact; None for an adopted release, whose bytes nobody knows.
        token: What the store said of the artifact when it was fetched.
        staged_at: Seconds since the epoch when its staging ended.
        bytes: Length of the artifact.
        entries: Members unpacked, 1 for a single file.
        version: What ``{version}`` stood for, if it did.
        recipe: Fingerprint of the settings that shaped the unpacked tree.
    """

    name: str
    digest: Digest | None = None
    token: Token = Token("")
    staged_at: float = 0.0
    bytes: int = 0
    entries: int = 0
    version: str | None = None
    recipe: str = ""

    @property
    def md5(self) -> Md5 | None:
        """The md5 by which the release is known; None if it was adopted."""
        return self.digest.md5 if self.digest else None

    @property
    def adopted(self) -> bool:
        """It was there before Dropship; never pruned."""
        return self.digest is None
