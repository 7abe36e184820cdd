"""Compressed streams, whole and damaged, of every kind."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import subprocess
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from dropship.archives.codecs import BZIP2, GZIP, XZ, ZSTD, gzip_codec
from dropship.archives.inflate import PIECE_BYTES, Codec, Inflater, first_bytes
from dropship.errors import RefusedError, StageError
from tests.archives.packing import xz_asking_for, zstd, zstd_asking_for
from tests.archives.tars import sliced
from tests.tools import needed

TEXT = random.Random(1).randbytes(200_000) + bytes(3 * PIECE_BYTES) + b"end"

Pack = Callable[[bytes], bytes]
KINDS: list[tuple[str, Codec, Pack]] = [
    ("isal", GZIP, gzip.compress),
    ("zlib", gzip_codec(zlib), gzip.compress),
    ("bzip2", BZIP2, bz2.compress),
    ("xz", XZ, lzma.compress),
    ("zstd", ZSTD, zstd),
]
EACH = pytest.mark.parametrize(
    ("codec", "pack"), [pytest.param(codec, pack, id=name) for name, codec, pack in KINDS]
)
SKIPPABLE = b"\x5a\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"


def inflated(content: bytes, codec: Codec, step: int = 10_000) -> bytes:
    """All that comes out, none of it in pieces that are too large."""
    inflater = Inflater(sliced(content, step), codec)
    pieces = list(inflater)
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    assert inflater.packed == len(content)
    return b"".join(pieces)


@EACH
@pytest.mark.parametrize("step", [1, 17, 10_000, 1 << 22])
def test_stream_comes_out_whole(codec: Codec, pack: Pack, step: int) -> None:
    """Whatever the pieces it comes in."""
    assert inflated(pack(TEXT), codec, step if step > 1 else 3) == TEXT
    assert inflated(pack(b"short"), codec, step) == b"short"


@EACH
@pytest.mark.parametrize("step", [1, 20, 1 << 22])
def test_members_may_follow_each_other(codec: Codec, pack: Pack, step: int) -> None:
    """As pigz, pbzip2, pixz, pzstd and ``cat a.gz b.gz`` make them, empty ones too."""
    content = pack(b"one ") + pack(b"") + pack(b"two")
    assert inflated(content, codec, step) == b"one two"


def test_zeros_may_follow_the_end_of_gzip() -> None:
    """As tapes and ``dd`` pad."""
    assert inflated(gzip.compress(b"x") + bytes(5000), GZIP, 100) == b"x"


@pytest.mark.parametrize("step", [1, 5, 1 << 20])
def test_streams_of_xz_may_be_padded(step: int) -> None:
    """With multiples of four zeros, as its format says."""
    content = lzma.compress(b"one ") + bytes(4) + lzma.compress(b"two") + bytes(5000)
    assert inflated(content, XZ, step) == b"one two"
    for odd in (b"\0", bytes(5), bytes(3) + lzma.compress(b"x")):
        with pytest.raises(RefusedError, match="padding"):
            inflated(lzma.compress(b"x") + odd, XZ, step)


@pytest.mark.parametrize("step", [1, 9, 1 << 20])
def test_frames_of_zstd_may_be_skippable(step: int) -> None:
    """As pzstd has one in front of each frame."""
    content = SKIPPABLE + zstd(b"one ") + SKIPPABLE + SKIPPABLE + zstd(b"two") + SKIPPABLE
    assert inflated(content, ZSTD, step) == b"one two"


@EACH
@pytest.mark.parametrize("step", [1, 64, 1 << 22])
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda _good: b"", "stream is empty"),
        (lambda good: good[:1], "should be .*, but begins with"),
        (lambda _good: b"<html>", "should be .*, but begins with"),
        (lambda good: good[:-1], "too early"),
        (lambda good: good[: len(good) // 2], "too early"),
        (lambda good: good[:6], "too early"),
        (lambda good: good + b"\1", "that is no .* follows the end"),
        (lambda good: good + b"some words", "that is no .* follows the end"),
        (lambda good: good + bytes(100) + b"x", "that is no .* follows the end|damaged"),
        (lambda good: good + good[:-1], "too early"),
    ],
)
def test_damaged_stream_is_refused(
    codec: Codec, pack: Pack, step: int, damage: Any, reason: str
) -> None:
    """A cut tail, and anything behind the end."""
    with pytest.raises(RefusedError, match=reason):
        inflated(damage(pack(b"some text " * 30)), codec, step)


@EACH
def test_every_flipped_byte_is_noticed_or_harmless(codec: Codec, pack: Pack) -> None:
    """Check sums are looked at; what none covers (names, times of gzip) changes nothing."""
    good, text = pack(b"some text " * 30), b"some text " * 30
    refused = 0
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 0x11]) + good[at + 1 :]
        try:
            assert inflated(bad, codec) == text
        except RefusedError:
            refused += 1
    assert refused > len(good) // 2


@EACH
def test_wrong_check_sum_is_noticed(codec: Codec, pack: Pack) -> None:
    """Also in the very last bytes."""
    good = pack(TEXT)
    place = {"gzip": -8, "bzip2": -6, "xz": -1, "zstd": -2}[codec.name]
    bad = bytearray(good)
    bad[place] ^= 0xFF
    with pytest.raises(RefusedError, match="damaged"):
        inflated(bytes(bad), codec)


@EACH
def test_bomb_comes_out_in_bounded_pieces_and_is_counted(codec: Codec, pack: Pack) -> None:
    """What went in is known at any time, so that a ratio can be looked at."""
    content = pack(bytes(50 << 20))
    inflater = Inflater(sliced(content, 1 << 20), codec)
    first = next(iter(inflater))
    assert len(first) <= PIECE_BYTES
    assert 0 < inflater.packed <= len(content)


@EACH
def test_many_empty_members_take_no_more_than_their_own_time(codec: Codec, pack: Pack) -> None:
    """Each is as cheap as the one before, however many come in one piece."""
    count = 20_000
    began = time.monotonic()
    assert inflated(pack(b"") * count, codec, 1 << 22) == b""
    assert time.monotonic() - began < 5


def test_xz_that_needs_too_much_memory_is_refused() -> None:
    """A dictionary of 256 MiB asks for as much; ``xz -9`` does not."""
    assert inflated(xz_asking_for(26, b"x"), XZ) == b"x"
    for size_log in (28, 31):
        with pytest.raises(RefusedError, match=r"more memory .* \(xz -9\)"):
            inflated(xz_asking_for(size_log, b"x"), XZ)


def test_zstd_that_needs_too_much_memory_is_refused() -> None:
    """As ``zstd -d`` refuses it without ``--long``."""
    assert inflated(zstd_asking_for(27, b"x"), ZSTD) == b"x"
    for window_log in (28, 31, 41):
        with pytest.raises(RefusedError, match=r"more memory .*--long=27"):
            inflated(zstd_asking_for(window_log, b"x"), ZSTD)


def test_xz_check_of_an_unknown_kind_is_refused() -> None:
    """The library would pass over it, and damage with it."""
    good = bytearray(lzma.compress(b"x", check=lzma.CHECK_CRC32))
    good[7] = good[-3] = 2  # reserved, and as long as a CRC32
    good[8:12] = zlib.crc32(good[6:8]).to_bytes(4, "little")
    good[-12:-8] = zlib.crc32(good[-8:-2]).to_bytes(4, "little")
    assert lzma.decompress(good) == b"x"
    with pytest.raises(RefusedError, match=r"unknown kind 2; .*crc64"):
        inflated(bytes(good), XZ)


def test_xz_without_a_check_is_taken() -> None:
    """As xz takes it."""
    assert inflated(lzma.compress(b"x", check=lzma.CHECK_NONE), XZ) == b"x"


def test_older_ways_of_lzma_are_no_xz() -> None:
    """An .lzma file has no check sum at all."""
    with pytest.raises(RefusedError, match="should be xz, but"):
        inflated(lzma.compress(b"x", format=lzma.FORMAT_ALONE), XZ)


@pytest.mark.parametrize(
    ("tool", "codec"),
    [("gzip", GZIP), ("bzip2", BZIP2), ("xz", XZ), ("zstd", ZSTD)],
)
def test_what_the_real_tool_packs_comes_out(tool: str, codec: Codec) -> None:
    """At its best and at its fastest, two runs in one file."""
    packed = [
        subprocess.run(
            [needed(tool), level, "-c"], input=TEXT, capture_output=True, check=True
        ).stdout
        for level in ("-1", "-9")
    ]
    assert inflated(b"".join(packed), codec) == TEXT * 2


@EACH
def test_first_bytes_are_told_as_far_as_they_can_be(codec: Codec, pack: Pack) -> None:
    """From a beginning alone; damage is not its business."""
    content = pack(TEXT)
    assert first_bytes(content, codec, 512) == TEXT[:512]
    assert first_bytes(b"<html>", codec, 512) == b""
    assert TEXT.startswith(first_bytes(content[:40], codec, 512))


def test_missing_library_is_the_hosts_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """So nothing is quarantined for it."""
    monkeypatch.setattr("dropship.archives.codecs._bz2", None)
    with pytest.raises(StageError, match="without bz2"):
        inflated(bz2.compress(b"x"), BZIP2)
