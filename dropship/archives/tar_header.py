"""The 512 bytes in front of a tar member, and PAX records: fields, numbers, checksums.

Formats: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar Format".
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Final

from dropship.core.entry import refuse, show
from dropship.errors import RefusedError

_HALF: Final = 256  # 256 * 255 is below Adler-32's modulus
BLOCK: Final = 512
SIZE_MAX: Final = (1 << 63) - 1
NS: Final = 10**9

NAME: Final = slice(0, 100)
MODE: Final = slice(100, 108)
SIZE: Final = slice(124, 136)
MTIME: Final = slice(136, 148)
CHECKSUM: Final = slice(148, 156)
TYPE: Final = slice(156, 157)
TARGET: Final = slice(157, 257)
MAGIC: Final = slice(257, 263)
PREFIX: Final = slice(345, 500)
_POSIX: Final = b"ustar\0"

_MAP: Final = b"GNU.sparse.map"
_PAIR: Final = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")


def check(header: bytes, before: bytes) -> None:
    """The header's checksum: the sum of its bytes with the field itself taken as blanks.

    Adler-32's lower half is one more than the sum of bytes, as long as that stays below 65521.
    """
    total = (zlib.adler32(header[:_HALF]) & 0xFFFF) + (zlib.adler32(header[_HALF:]) & 0xFFFF) - 2
    field = header[CHECKSUM]
    total += 8 * 0x20 - sum(field)
    said = octal(field)
    if said == total or (said is not None and said == _signed(header)):
        return
    after = f" after {show(before)}" if before else ""
    raise RefusedError(
        f"a header{after} has a wrong checksum: the archive is damaged or no tar",
        cure="" if before else "look at what the store really has there, or set `format`",
    )


def _signed(header: bytes) -> int:
    """The sum as some tars of the 1980s made it, taking bytes as signed."""
    rest = header[:148] + b" " * 8 + header[156:]
    return sum(byte - 256 if byte > 127 else byte for byte in rest)


def text(content: bytes) -> bytes:
    """A field up to its NUL."""
    return content.partition(b"\0")[0]


def full_name(header: bytes) -> bytes:
    """A member's name as the header alone tells it."""
    name = text(header[NAME])
    if header[MAGIC] == _POSIX and header[PREFIX.start]:
        return text(header[PREFIX]) + b"/" + name
    return name


# The same modes, times and sizes come again and again.
@lru_cache(maxsize=4096)
def octal(field: bytes) -> int | None:
    """A field of octal digits, with blanks and NULs around them; None if it is none."""
    digits = field.strip(b" \0")
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        return None
    return int(digits, 8)


def number(content: bytes, name: bytes, what: str) -> int:
    """A number that must not be negative: octal, or GNU's base 256."""
    value = octal(content)
    if value is not None:
        return value
    if content[0] < 0x80:
        digits = content.strip(b" \0")
        refuse(name, f"its {what} {digits!r} is no octal number")
    value = _base_256(content)
    if not 0 <= value <= SIZE_MAX:
        refuse(name, f"its {what} is negative or too large")
    return value


def time_of(content: bytes, name: bytes) -> int:
    """In nanoseconds; any time may be said, also one before 1970 or none."""
    value = octal(content)
    if value is not None:
        return value * NS
    if content[0] >= 0x80:
        return _base_256(content) * NS
    return number(content, name, "time") * NS if content.strip(b" \0") else 0


def _base_256(content: bytes) -> int:
    """GNU's notation: a set top bit, then a big-endian number in two's complement."""
    bits = 8 * len(content) - 1
    value = int.from_bytes(content, "big") & ((1 << bits) - 1)
    return value - (1 << bits) if value >> (bits - 1) else value


def records(content: bytes, name: bytes) -> dict[bytes, bytes]:
    r"""PAX records: ``LENGTH KEY=VALUE\n``, the length counting itself.

    The pairs in which sparse files of version 0.0 have their map come as the one record of 0.1.
    """
    found: dict[bytes, bytes] = {}
    places: list[bytes] = []
    at = 0
    while at < len(content):
        key, value, at = _record(content, at, name)
        if key in _PAIR:
            if key != _PAIR[len(places) % 2]:
                refuse(name, "its sparse map is out of order")
            places.append(value)
        elif key in found:
            refuse(name, f"its PAX header has {key!r} twice")
        else:
            found[key] = value
    if places:
        if _MAP in found:
            refuse(name, "its PAX header has two sparse maps")
        found[_MAP] = b",".join(places)
    for key in (b"path", b"linkpath", b"size", b"GNU.sparse.name"):
        if found.get(key) == b"":
            refuse(name, f"its PAX header has an empty {key.decode()}")
    return found


def _record(content: bytes, at: int, name: bytes) -> tuple[bytes, bytes, int]:
    """Key and value of the record at ``at``, and where the next one is."""
    digits, _, _ = content[at : at + 8].partition(b" ")
    length = int(digits) if digits.isdigit() else 0
    record = content[at : at + length]
    key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
    if not key or not equals or len(record) != length or record[-1:] != b"\n":
        refuse(name, "its PAX header is damaged")
    return key, value, at + length
