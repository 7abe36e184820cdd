"""Inflating a gzip stream (RFC 1952) in bounded pieces.

Any number of members may follow each other, and zeros may follow the last (tapes and ``dd`` pad
so); anything else, a wrong CRC or length, or a stream that ends early is refused.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from typing import Any, Final

from dropship.errors import RefusedError

_fast: Any = zlib
with contextlib.suppress(ImportError):  # no wheel for this machine: the same at half the speed
    from isal import isal_zlib as _fast

PIECE_BYTES: Final = 512 << 10
"""Most bytes that come out at a time: what bounds memory, whatever goes in."""

_GZIP: Final = 31  # zlib's wbits for a 32 KiB window and a gzip header
_MAGIC: Final = b"\x1f\x8b"


class Inflater:
    """The uncompressed bytes of a gzip stream.

    Attributes:
        packed: Compressed bytes taken in so far.
    """

    def __init__(self, pieces: Iterator[bytes], library: Any = _fast) -> None:
        self._pieces = pieces
        self._library = library
        self._errors: tuple[type[Exception], ...] = (zlib.error, library.error)
        self.packed = 0

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of at most ``PIECE_BYTES``.

        Raises:
            RefusedError: The stream is damaged.
        """
        rest = self._at_least_magic(b"")
        if not rest:
            raise RefusedError("the gzip stream is empty")
        while rest:
            if not rest.startswith(_MAGIC):
                self._only_zeros(rest)
                return
            member = self._library.decompressobj(wbits=_GZIP)
            try:
                yield from self._member(member, rest)
            except self._errors as error:
                raise RefusedError(f"the gzip stream is damaged: {error}") from error
            rest = self._at_least_magic(member.unused_data)

    def _member(self, member: Any, piece: bytes) -> Iterator[bytes]:
        while True:
            out = member.decompress(piece, PIECE_BYTES)
            if out:
                yield out
            if member.eof:
                return
            piece = member.unconsumed_tail
            # A full piece came out: there may be more inside, without more going in.
            if not piece and len(out) < PIECE_BYTES:
                piece = self._next()
                if not piece:
                    raise RefusedError("the gzip stream ends too early")

    def _at_least_magic(self, piece: bytes) -> bytes:
        while len(piece) < len(_MAGIC):
            more = self._next()
            if not more:
                break
            piece += more
        return piece

    def _only_zeros(self, piece: bytes) -> None:
        while piece:
            if piece.strip(b"\0"):
                raise RefusedError("something that is no gzip follows the end of the gzip stream")
            piece = self._next()

    def _next(self) -> bytes:
        piece = next(self._pieces, b"")
        self.packed += len(piece)
        return piece
