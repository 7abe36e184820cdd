"""Archives as streams: the Protocol, and nothing else. They yield entries and judge nothing.

What a format itself forbids (a broken checksum, a cut tail) its reader refuses; whether an entry
may be unpacked, and where to, is ``core.entry``'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from dropship.core.entry import Entry


@dataclass(frozen=True, slots=True)
class Hole:
    """Zeros of a sparse file, which nobody wrote out."""

    length: int

    def __len__(self) -> int:
        return self.length


Piece = bytes | memoryview | Hole
"""Some bytes of a stream; never empty. A view is only good until the next piece is asked for."""


class Archive(Protocol):
    """An archive that is read once, from front to back."""

    def entries(self) -> Iterator[Entry]:
        """The members in order; ends only when the whole stream was read and found sound.

        Raises:
            RefusedError: The archive is damaged, cut short or of a kind that is not taken.
        """

    def body(self) -> Iterator[Piece]:
        """Contents of the member that ``entries`` gave last; what is not read is skipped.

        Raises:
            RefusedError: As ``entries``.
        """
