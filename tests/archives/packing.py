"""Compressing and packing for tests, by libraries and by the real tools."""

from __future__ import annotations

import lzma
import sys
import zlib

if sys.version_info >= (3, 14):
    from compression import zstd as library
else:
    from backports import zstd as library


def zstd(content: bytes) -> bytes:
    """As ``zstd`` does it, with its check sum."""
    options: dict[int, int] = {library.CompressionParameter.checksum_flag: 1}
    compressor = library.ZstdCompressor(options=options)
    return compressor.compress(content) + compressor.flush()


def zstd_asking_for(window_log: int, content: bytes) -> bytes:
    """Made with a small window, and saying that it needs a large one (RFC 8878, 3.1.1.1.2)."""
    packed = bytearray(zstd(content))
    assert not packed[4] & 0x20, "a frame without a window"
    packed[5] = (window_log - 10) << 3
    return bytes(packed)


def xz_asking_for(size_log: int, content: bytes) -> bytes:
    """Made with a small dictionary, and saying that it needs a large one (.xz format, 5.3.1)."""
    packed = bytearray(lzma.compress(content, preset=0))
    length = 4 * packed[12] + 4
    block = packed[12 : 12 + length]
    assert block[2:4] == b"\x21\x01", "a filter other than LZMA2"
    block[4] = 2 * (size_log - 12)
    block[-4:] = zlib.crc32(block[:-4]).to_bytes(4, "little")
    packed[12 : 12 + length] = block
    return bytes(packed)
