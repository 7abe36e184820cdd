"""Digests of an artifact besides its own md5 and sha256: those that stores keep in their own ways.

A store may know a checksum of all bytes in another algorithm, or, where an artifact was put there
in parts, one of the parts' digests. Both are computed while the bytes go by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from dropship.core.values import Md5

Algorithm = Literal["md5", "sha1", "sha256", "sha512", "crc32", "crc32c", "crc64nvme"]


class Checksum(NamedTuple):
    """What all bytes come to. ``value``: lower-case hex; ``by``: who says so, if not the store."""

    algorithm: Algorithm
    value: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """How an artifact was put together.

    Attributes:
        sizes: Bytes of each part, in order.
        combined: The md5 of the parts' md5s, one behind the other, lower-case hex.
        joined: Whether those are joined as 16 bytes each (S3) or as 32 hex digits (Swift).
    """

    sizes: tuple[int, ...]
    combined: Md5
    joined: Literal["raw", "hex"]


class Digester(Protocol):
    """As hashlib's."""

    def update(self, data: memoryview, /) -> None:
        """More bytes."""

    def hexdigest(self) -> str:
        """What they come to so far."""
