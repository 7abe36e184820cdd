"""A single file: an archive of one member, whose length nobody told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dropship.archives import Piece
from dropship.core.entry import Entry, Kind


class PlainFile:
    """The bytes of a stream as one file, described by ``entry``."""

    kind: Final = Kind.FILE

    def __init__(self, pieces: Iterator[bytes], entry: Entry) -> None:
        self._pieces = pieces
        self._entry = entry

    def entries(self) -> Iterator[Entry]:
        """The one member.

        Raises:
            RefusedError: What was not read of it is damaged.
        """
        yield self._entry
        while next(self._pieces, b""):
            """What its reader left is read too, so that a damaged tail is seen."""

    def body(self) -> Iterator[Piece]:
        """All bytes of the stream."""
        yield from self._pieces
