"""Taking a compressed stream apart: bounded pieces out, whatever goes in.

One stream may hold several members (gzip), streams (bzip2, xz) or frames (zstd), one after the
other, as their own tools take them. It is read to its very end: a member that is cut short, a
wrong check sum, and anything that is no member behind the last one are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from dropship.core.format import shown
from dropship.errors import RefusedError

PIECE_BYTES: Final = 512 << 10
"""Most bytes that come out at a time: what bounds memory, whatever goes in."""

_FIRST_SLICE: Final = 4 << 10
_LARGEST_SLICE: Final = 16 << 20  # more than any piece that is read has


class Member(Protocol):
    """What takes one member apart, as ``bz2``, ``lzma`` and ``compression.zstd`` have it."""

    @property
    def eof(self) -> bool:
        """The member is at its end."""

    @property
    def needs_input(self) -> bool:
        """More has to go in before more comes out."""

    @property
    def unused_data(self) -> bytes:
        """What was put in and lies behind the member's end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Put ``data`` in, get at most ``max_length`` bytes out."""


class Padding(Enum):
    """Which zeros a format's tools take between or behind members."""

    NONE = "none"
    TAIL = "any number behind the last"
    WORDS = "multiples of four behind each"


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression.

    Attributes:
        name: How people call it.
        magic: What a member may begin with, all of one length.
        member: Makes what takes a member apart.
        errors: What that raises for damaged data.
        padding: Zeros that are no damage.
        too_large: Words in the error that says that a member needs more memory than it may have.
        cure: How to pack so that it does not.
    """

    name: str
    magic: tuple[bytes, ...]
    member: Callable[[], Member]
    errors: tuple[type[Exception], ...]
    padding: Padding = Padding.NONE
    too_large: str = ""
    cure: str = ""


class Inflater:
    """The uncompressed bytes of a stream."""

    def __init__(self, pieces: Iterator[bytes], codec: Codec) -> None:
        self._source = _Source(pieces)
        self._codec = codec
        self._name = f"{codec.name} stream"

    @property
    def packed(self) -> int:
        """Compressed bytes taken in so far."""
        return self._source.taken

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of at most ``PIECE_BYTES``.

        Raises:
            RefusedError: The stream is damaged, or needs too much memory.
            StageError: This Python cannot take such a stream apart.
        """
        length = len(self._codec.magic[0])
        head = self._source.peek(length)
        if not head:
            raise RefusedError(
                f"the {self._name} is empty", cure="look at what the store really has there"
            )
        while head:
            if head not in self._codec.magic:
                raise self._no_member(head)
            try:
                yield from self._member()
            except self._codec.errors as error:
                raise self._damaged(error) from error
            self._skip_padding()
            head = self._source.peek(length)

    def _member(self) -> Iterator[bytes]:
        member = self._codec.member()
        # Small at first: what is behind a short member's end is copied when it is handed back.
        most = _FIRST_SLICE
        data = b""
        while True:
            if member.needs_input:
                data = self._source.take(most)
                if not data:
                    raise RefusedError(f"the {self._name} ends too early")
                most = min(2 * most, _LARGEST_SLICE)
            out = member.decompress(data, PIECE_BYTES)
            data = b""
            if out:
                yield out
            if member.eof:
                self._source.put_back(member.unused_data)
                return

    def _skip_padding(self) -> None:
        padding = self._codec.padding
        if padding is Padding.NONE:
            return
        zeros = self._source.skip_zeros()
        if padding is Padding.WORDS and zeros % 4:
            raise RefusedError(f"the {self._name} is damaged: {zeros} bytes of padding")
        if padding is Padding.TAIL and zeros and (other := self._source.peek(1)):
            raise self._no_member(other)

    def _no_member(self, head: bytes) -> RefusedError:
        if self._source.taken:
            return RefusedError(
                f"something that is no {self._codec.name} follows the end of the {self._name}",
                cure="publish it again; it may have been put together wrongly",
            )
        return RefusedError(
            f"the artifact should be {self._codec.name}, but begins with {shown(head)}",
            cure="look at what the store really has there, or say what it is with `format`",
        )

    def _damaged(self, error: Exception) -> RefusedError:
        if self._codec.too_large and self._codec.too_large in str(error):
            return RefusedError(
                f"the {self._name} needs more memory to unpack than it may have",
                cure=self._codec.cure,
            )
        return RefusedError(f"the {self._name} is damaged: {error}")


def first_bytes(head: bytes, codec: Codec, count: int) -> bytes:
    """The first bytes inside a stream that begins with ``head``; fewer where it tells no more."""
    found = b""
    try:
        for piece in Inflater(iter((head,)), codec):
            found += piece
            if len(found) >= count:
                break
    except RefusedError:
        """What came out before is what can be told."""
    return found[:count]


class _Source:
    """Compressed bytes, taken in slices; the end of the last slice can be put back.

    Attributes:
        taken: Number of bytes that are out.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._at = 0
        self.taken = 0

    def take(self, most: int) -> bytes:
        """Some bytes; none only at the end."""
        if self._at == len(self._buffer):
            self._buffer, self._at = next(self._pieces, b""), 0
        if not self._at and len(self._buffer) <= most:
            taken = self._buffer  # not copied
        else:
            taken = self._buffer[self._at : self._at + most]
        self._at += len(taken)
        self.taken += len(taken)
        return taken

    def put_back(self, content: bytes) -> None:
        """The next ones to be taken are ``content``, which ended the last slice."""
        self._at -= len(content)
        self.taken -= len(content)

    def peek(self, count: int) -> bytes:
        """The next bytes without taking them; fewer only at the end."""
        while len(self._buffer) - self._at < count:
            more = next(self._pieces, b"")
            if not more:
                break
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        return self._buffer[self._at : self._at + count]

    def skip_zeros(self) -> int:
        """Take all zeros up to the next other byte; their number."""
        count = 0
        while piece := self.take(_FIRST_SLICE):
            rest = piece.lstrip(b"\0")
            count += len(piece) - len(rest)
            if rest:
                self.put_back(rest)
                break
        return count
