"""The compressions: gzip (RFC 1952), bzip2, xz (the .xz file format 1.2), zstd (RFC 8878).

All are imported here, at the top: whoever imports this before a fork finds everything at hand
after it. A compression that this interpreter was built without is one that a host cannot unpack,
which is no fault of the archive.
"""

from __future__ import annotations

import contextlib
import sys
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from dropship.archives.inflate import Codec, Member, Padding
from dropship.core.format import Format
from dropship.errors import RefusedError, StageError

_igzip: Any = zlib
_bz2: Any = None
_lzma: Any = None
_zstd: Any = None
with contextlib.suppress(ImportError):  # no wheel for this machine: the same at half the speed
    from isal import isal_zlib as _igzip
with contextlib.suppress(ImportError):
    import bz2 as _bz2
with contextlib.suppress(ImportError):
    import lzma as _lzma
with contextlib.suppress(ImportError):
    if sys.version_info >= (3, 14):
        from compression import zstd as _zstd
    else:
        from backports import zstd as _zstd

MEMORY_BYTES: Final = 128 << 20
"""Most that a stream may ask for to be unpacked: what ``xz -9`` needs twice, and the window that
``zstd -d`` takes without being told to."""

# zlib's wbits for a 32 KiB window: with a gzip header, and with none at all.
_GZIP: Final = 31
_RAW: Final = -15
_SKIPPABLE: Final = tuple(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))


class _ZlibMember:
    """zlib's way of taking a member apart, behind the one that the others have in common."""

    def __init__(self, library: Any, wbits: int) -> None:
        self._member = library.decompressobj(wbits=wbits)
        self._full = False

    @property
    def eof(self) -> bool:
        return bool(self._member.eof)

    @property
    def needs_input(self) -> bool:
        # A full piece came out: there may be more inside, without more going in.
        return not self._full and not self._member.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return bytes(self._member.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out: bytes = self._member.decompress(self._member.unconsumed_tail or data, max_length)
        self._full = len(out) == max_length
        return out


def gzip_codec(library: Any = _igzip) -> Codec:
    """Gzip by zlib or by what has the same interface; zeros may follow, as tapes and dd pad."""
    return Codec(
        name="gzip",
        magic=(b"\x1f\x8b",),
        member=lambda: _ZlibMember(library, _GZIP),
        errors=(zlib.error, library.error),
        padding=Padding.TAIL,
    )


GZIP: Final = gzip_codec()

DEFLATE_ERRORS: Final[tuple[type[Exception], ...]] = (zlib.error, _igzip.error)


def deflate_member(library: Any = _igzip) -> Member:
    """What takes a bare deflate stream (RFC 1951) apart, as there are in a zip."""
    return _ZlibMember(library, _RAW)


BZIP2: Final = Codec(
    name="bzip2",
    magic=(b"BZh",),
    member=lambda: _made(_bz2, "bz2", lambda library: library.BZ2Decompressor()),
    errors=(OSError, ValueError),
)


class _XzStream:
    """A stream of an .xz file whose check can really be checked."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._stream = library.LZMADecompressor(format=library.FORMAT_XZ, memlimit=MEMORY_BYTES)

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._stream.needs_input)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._stream.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out: bytes = self._stream.decompress(data, max_length)
        check = self._stream.check
        # liblzma passes over a check that it does not know; nobody would see damage then.
        if check != self._library.CHECK_UNKNOWN and not self._library.is_check_supported(check):
            raise RefusedError(
                f"the xz stream has a check of the unknown kind {check}",
                cure="pack it with one that everybody knows (xz --check=crc64)",
            )
        return out


XZ: Final = Codec(
    name="xz",
    magic=(b"\xfd7zXZ\0",),
    member=lambda: _made(_lzma, "lzma", _XzStream),
    errors=(_lzma.LZMAError,) if _lzma else (),
    padding=Padding.WORDS,
    too_large="Memory usage limit",
    cure="pack it with a dictionary of at most 64 MiB (xz -9)",
)

ZSTD: Final = Codec(
    name="zstd",
    magic=(b"\x28\xb5\x2f\xfd", *_SKIPPABLE),
    member=lambda: _made(
        _zstd,
        "zstd",
        lambda library: library.ZstdDecompressor(
            options={library.DecompressionParameter.window_log_max: MEMORY_BYTES.bit_length() - 1}
        ),
    ),
    errors=(_zstd.ZstdError,) if _zstd else (),
    too_large="too much memory",
    cure="pack it with a window of at most 128 MiB (zstd --long=27)",
)

CODECS: Final[Mapping[Format, Codec]] = MappingProxyType(
    {
        Format.GZ: GZIP,
        Format.TAR_GZ: GZIP,
        Format.TAR_BZ2: BZIP2,
        Format.TAR_XZ: XZ,
        Format.TAR_ZST: ZSTD,
    }
)
"""What the bytes of an artifact have to go through to be a file or a tar."""


def _made(library: Any, name: str, make: Callable[[Any], Any]) -> Member:
    if library is None:
        raise StageError(
            f"this Python was built without {name}", cure="pack the artifact as tar.gz"
        )
    member: Member = make(library)
    return member
