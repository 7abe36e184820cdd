"""Digests of an artifact besides its own md5 and sha256: those that stores keep in their own ways.

A store may know a checksum of all bytes in another algorithm, or, where an artifact was put there
in parts, one of the parts' digests. Both are computed while the bytes go by.
"""

from __future__ import annotations

import hashlib
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


class PartsDigester:
    """The md5 of the md5s of parts."""

    def __init__(self, parts: Parts) -> None:
        self._raw = parts.joined == "raw"
        self._left = list(reversed(parts.sizes))
        self._part = hashlib.md5(usedforsecurity=False)
        self._whole = hashlib.md5(usedforsecurity=False)

    def update(self, data: memoryview, /) -> None:
        """More bytes; those behind the last part spoil the digest."""
        while data and self._left:
            piece = data[: self._left[-1]]
            self._part.update(piece)
            self._left[-1] -= len(piece)
            data = data[len(piece) :]
            if self._left[-1] == 0:
                self._left.pop()
                self._close()
        self._whole.update(data)

    def hexdigest(self) -> str:
        """What they come to, once all parts are there."""
        while self._left and self._left[-1] == 0:  # empty ones behind the last byte
            self._left.pop()
            self._close()
        return self._whole.hexdigest()

    def _close(self) -> None:
        done = self._part
        self._whole.update(done.digest() if self._raw else done.hexdigest().encode())
        self._part = hashlib.md5(usedforsecurity=False)
