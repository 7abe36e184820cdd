"""A disk with a volatile write cache: what was not flushed may be lost when the power goes.

The model of what drives promise. A sector is written whole or not at all; what was written
is read back at once; after a flush all that was written before it is safe. Until then any part of
it may be on the platter, in any order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

SECTOR = 4096


@dataclass(frozen=True)
class Loss:
    """What a power cut met and took; in writes of one sector each."""

    unflushed: int
    lost: int


class Disk:
    """One disk; of whole sectors, and so is whatever is written."""

    def __init__(self, image: bytes) -> None:
        assert len(image) % SECTOR == 0
        self._safe = bytearray(image)
        self._seen = bytearray(image)
        self._cache: list[tuple[int, bytes]] = []

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._safe)

    @property
    def safe(self) -> bytes:
        """What is there if the power goes now and nothing of the cache was written."""
        return bytes(self._safe)

    def read(self, offset: int, length: int) -> bytes:
        """What was written last."""
        return bytes(self._seen[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        """Into the cache."""
        assert offset % SECTOR == 0
        assert len(data) % SECTOR == 0
        self._seen[offset : offset + len(data)] = data
        self._cache += [(offset + n, data[n : n + SECTOR]) for n in range(0, len(data), SECTOR)]

    def flush(self) -> None:
        """Make safe what is in the cache."""
        for offset, sector in self._cache:
            self._safe[offset : offset + SECTOR] = sector
        self._cache.clear()

    def cut(self, kept: float, chance: random.Random) -> Loss:
        """The power goes; each write in the cache had reached the platter with probability ``kept``."""
        unflushed = len(self._cache)
        self._cache = [one for one in self._cache if chance.random() < kept]
        loss = Loss(unflushed, unflushed - len(self._cache))
        self.flush()
        self._seen[:] = self._safe
        return loss
