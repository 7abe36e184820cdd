"""Gzip streams, whole and damaged, by both libraries."""

from __future__ import annotations

import gzip
import random
import zlib
from typing import Any

import pytest
from isal import isal_zlib

from dropship.archives.gzip import PIECE_BYTES, Inflater
from dropship.errors import RefusedError
from tests.archives.tars import sliced

TEXT = random.Random(1).randbytes(200_000) + bytes(3 * PIECE_BYTES) + b"end"
BOTH = pytest.mark.parametrize("library", [zlib, isal_zlib], ids=["zlib", "isal"])


def inflated(content: bytes, library: Any, step: int = 10_000) -> bytes:
    """All that comes out, none of it in pieces that are too large."""
    pieces = list(Inflater(sliced(content, step), library))
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    return b"".join(pieces)


@BOTH
@pytest.mark.parametrize("step", [1, 17, 10_000, 1 << 22])
def test_stream_comes_out_whole(library: Any, step: int) -> None:
    """Whatever the pieces it comes in."""
    content = gzip.compress(TEXT, 6)
    assert inflated(content, library, step if step > 1 else 3) == TEXT
    assert inflated(gzip.compress(b"short"), library, step) == b"short"


@BOTH
@pytest.mark.parametrize("step", [1, 20, 1 << 22])
def test_members_may_follow_each_other(library: Any, step: int) -> None:
    """As pigz and ``cat a.gz b.gz`` make them, empty ones too."""
    content = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    assert inflated(content, library, step) == b"one two"


@BOTH
def test_zeros_may_follow_the_end(library: Any) -> None:
    """As tapes and ``dd`` pad."""
    assert inflated(gzip.compress(b"x") + bytes(5000), library, 100) == b"x"


@BOTH
@pytest.mark.parametrize("step", [1, 64, 1 << 22])
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda _good: b"", "empty"),
        (lambda _good: b"\x1f", "no gzip follows"),
        (lambda _good: b"<html>", "no gzip follows"),
        (lambda good: good[:-1], "too early"),
        (lambda good: good[:-8], "too early"),
        (lambda good: good[: len(good) // 2], "too early"),
        (lambda good: good[:5], "too early"),
        (lambda good: good[:-8] + bytes(4) + good[-4:], "damaged"),
        (lambda good: good[:-4] + b"\1\2\3\4", "damaged"),
        (lambda good: good + b"\1", "no gzip follows"),
        (lambda good: good + bytes(100) + b"x", "no gzip follows"),
        (lambda good: good + good[:-1], "too early"),
        (lambda good: good[:2] + b"\7" + good[3:], "damaged"),
    ],
)
def test_damaged_stream_is_refused(library: Any, step: int, damage: Any, reason: str) -> None:
    """A cut tail, a wrong CRC or length, and anything behind the end."""
    with pytest.raises(RefusedError, match=reason):
        inflated(damage(gzip.compress(b"some text " * 30)), library, step)


@BOTH
def test_bomb_comes_out_in_bounded_pieces_and_is_counted(library: Any) -> None:
    """What went in is known at any time, so that a ratio can be looked at."""
    content = gzip.compress(bytes(50 << 20), 9)
    inflater = Inflater(sliced(content, 1 << 20), library)
    first = next(iter(inflater))
    assert len(first) <= PIECE_BYTES
    assert 0 < inflater.packed <= len(content)
