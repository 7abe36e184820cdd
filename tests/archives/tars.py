"""Archives for tests: ordinary ones by tarfile, hostile ones byte by byte."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dropship.archives import Hole, Piece

BLOCK = 512
END = bytes(2 * BLOCK)
WHEN = 1_700_000_000


@dataclass(frozen=True)
class Member:
    """One member as ``tar`` writes it; a field that is given as bytes is written as it is."""

    name: bytes
    body: bytes = b""
    type: bytes = b"0"
    target: bytes = b""
    mode: int | bytes = 0o644
    size: int | bytes | None = None
    mtime: int | bytes = WHEN
    magic: bytes = b"ustar\x0000"
    prefix: bytes = b""
    checksum: bytes | None = None

    def encode(self) -> bytes:
        """Header and contents, padded."""
        size = len(self.body) if self.size is None else self.size
        header = b"".join(
            (
                self.name.ljust(100, b"\0"),
                _octal(self.mode, 8),
                _octal(0, 8),
                _octal(0, 8),
                _octal(size, 12),
                _octal(self.mtime, 12),
                b" " * 8,
                self.type,
                self.target.ljust(100, b"\0"),
                self.magic,
                bytes(80),
                self.prefix.ljust(155, b"\0"),
                bytes(12),
            )
        )
        assert len(header) == BLOCK
        checksum = self.checksum or b"%06o\0 " % sum(header)
        return header[:148] + checksum + header[156:] + padded(self.body)


def tar(*members: Member | bytes, end: bytes = END) -> bytes:
    """An archive of members (or raw blocks)."""
    parts = (one if isinstance(one, bytes) else one.encode() for one in members)
    return b"".join(parts) + end


def tgz(*members: Member | bytes, end: bytes = END) -> bytes:
    """The same, compressed."""
    return gzip.compress(tar(*members, end=end), 1)


def pax(**records: bytes | str) -> bytes:
    """A PAX header for the next member; ``_`` in a key stands for ``.``."""
    body = b"".join(record(key.replace("_", "."), value) for key, value in records.items())
    return Member(b"PaxHeaders/x", body, b"x").encode()


def record(key: str, value: bytes | str) -> bytes:
    """One PAX record with its length in front."""
    raw = value.encode() if isinstance(value, str) else value
    rest = b" " + key.encode() + b"=" + raw + b"\n"
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def long_name(name: bytes, type_: bytes = b"L") -> bytes:
    """GNU's header for a long name (L) or target (K)."""
    return Member(b"././@LongLink", name + b"\0", type_, magic=b"ustar  \0").encode()


def base_256(value: int, width: int = 12) -> bytes:
    """GNU's notation of large and of negative numbers."""
    raw = (value % (1 << (8 * width))).to_bytes(width, "big")
    return bytes([raw[0] | 0x80]) + raw[1:]


def padded(body: bytes) -> bytes:
    """Filled up with zeros to a whole block."""
    return body + bytes(-len(body) % BLOCK)


def sliced(content: bytes, step: int) -> Iterator[bytes]:
    """A stream that comes in pieces of ``step`` bytes."""
    return (content[at : at + step] for at in range(0, len(content), step))


def filled(piece: Piece) -> bytes:
    """A piece with its zeros written out."""
    return bytes(piece.length) if isinstance(piece, Hole) else bytes(piece)


@dataclass(frozen=True)
class OldSparse:
    """A sparse file as GNU tar's own format has it. ``more``: for header and each block."""

    name: bytes
    places: list[tuple[int | bytes, int | bytes]]
    body: bytes
    real: int | bytes
    more: tuple[int, ...] | None = None

    def encode(self) -> bytes:
        """Header, blocks of its map, contents."""
        parts = [self.places[:4]]
        parts += [self.places[at : at + 21] for at in range(4, len(self.places), 21)]
        more = self.more or (1,) * (len(parts) - 1) + (0,)
        header = bytearray(Member(self.name, self.body, b"S", magic=b"ustar  \0").encode())
        first = self._places(parts[0], 4) + bytes([more[0]]) + _octal(self.real, 12)
        header[386 : 386 + len(first)] = first
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header[:BLOCK])
        blocks = b"".join(
            (self._places(part, 21) + bytes([flag])).ljust(BLOCK, b"\0")
            for part, flag in zip(parts[1:], more[1:], strict=False)
        )
        return bytes(header[:BLOCK]) + blocks + bytes(header[BLOCK:])

    @staticmethod
    def _places(places: list[tuple[int | bytes, int | bytes]], room: int) -> bytes:
        told = b"".join(_octal(one, 12) for place in places for one in place)
        return told.ljust(room * 24, b"\0")


def packed(folder: Path, mode: str = "w:gz", format_: int = tarfile.PAX_FORMAT) -> bytes:
    """A folder's contents as tarfile packs them, names starting with ``./``."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=format_) as archive:  # type: ignore[call-overload] # mode is a str
        archive.add(folder, arcname=".")
    return out.getvalue()


def _octal(value: int | bytes, width: int) -> bytes:
    if isinstance(value, bytes):
        return value.ljust(width, b"\0")[:width]
    return b"%0*o\0" % (width - 1, value)
