"""The digest of an artifact that was put into its store in parts."""

from __future__ import annotations

import hashlib

from dropship.core.checksum import Parts


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
