"""The end of a zip, where it says what it is: how many members, and where its directory lies.

Format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final

from dropship.errors import RefusedError

_MAX_16: Final = 0xFFFF
MAX_32: Final = 0xFFFFFFFF
"""What stands in a field of 32 bits whose real value is told by zip64."""

_END: Final = Struct("<4s4H2LH")
_LOCATOR: Final = Struct("<4sLQL")
_END_64: Final = Struct("<4sQ2H2L4Q")
_WINDOW_BYTES: Final = 256 << 10

Read = Callable[[int, int], bytes]
"""At most so many bytes from an offset on: ``Read(count, offset)``, as ``os.pread``."""


class Window:
    """The bytes of a file by their offsets, read a large piece at a time."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._start = 0
        self._buffer = b""
        self.size = size

    def at(self, offset: int, count: int) -> bytes:
        """Exactly ``count`` bytes.

        Raises:
            RefusedError: The file has no such bytes.
        """
        if offset < 0 or offset + count > self.size:
            raise RefusedError("the zip points at places behind its own end: it is damaged")
        if offset < self._start or offset + count > self._start + len(self._buffer):
            self._start, self._buffer = offset, b""
            wanted = min(max(count, _WINDOW_BYTES), self.size - offset)
            while len(self._buffer) < wanted:
                more = self._read(wanted - len(self._buffer), offset + len(self._buffer))
                if not more:
                    raise RefusedError("the zip became shorter while it was read")
                self._buffer += more
        begin = offset - self._start
        return self._buffer[begin : begin + count]


@dataclass(frozen=True, slots=True)
class Directory:
    """Where a zip's directory is. ``count``: of its records; ``end``: where it must end."""

    offset: int
    end: int
    count: int


def directory(window: Window) -> Directory:
    """Find the directory from the end of the file, where a zip says what it is.

    Raises:
        RefusedError: There is no end, more than one, or one that contradicts itself.
    """
    at, (_, disk, first, here, count, size, offset, _) = _end(window)
    end, disks = at, 1
    if at >= _LOCATOR.size and window.at(at - _LOCATOR.size, 4) == b"PK\6\7":
        _, located, end, disks = _LOCATOR.unpack(window.at(at - _LOCATOR.size, _LOCATOR.size))
        record = _end_64(window, end, at - _LOCATOR.size)
        said = (disk, first, here, count, size, offset)
        mosts = (_MAX_16, _MAX_16, _MAX_16, _MAX_16, MAX_32, MAX_32)
        if any(old not in (new, most) for old, new, most in zip(said, record, mosts, strict=True)):
            raise RefusedError("the zip has two ends that say different things")
        disk, first, here, count, size, offset = record
        disk = disk or located
    if disk or first or here != count or disks > 1:
        raise RefusedError("the zip is one part of several", cure="pack it into one file")
    if offset + size != end:
        raise RefusedError(
            f"the zip's directory should be the {size} bytes at {offset}, but it has to end at "
            f"{end}: something is in front of the zip or in the middle of it",
            cure="pack it as a plain zip, not as a self-extracting one",
        )
    return Directory(offset, end, count)


def _end(window: Window) -> tuple[int, tuple[bytes, int, int, int, int, int, int, int]]:
    length = min(window.size, _END.size + _MAX_16)
    begin = window.size - length
    tail = window.at(begin, length)
    content = len(tail.rstrip(b"\0"))  # bsdtar fills up to its block size
    found: list[int] = []
    at = tail.find(b"PK\5\6")
    while 0 <= at <= length - _END.size:
        # Its comment, of a length that it tells, is the last there is in a zip.
        if content <= at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") <= length:
            found.append(at)
        at = tail.find(b"PK\5\6", at + 1)
    if not found:
        raise RefusedError("the zip has no end: it was cut short, or something follows it")
    if len(found) > 1:
        raise RefusedError("the zip has two ends, one in the comment of the other")
    return begin + found[0], _END.unpack(tail[found[0] : found[0] + _END.size])


def _end_64(window: Window, at: int, locator: int) -> tuple[int, int, int, int, int, int]:
    if at + _END_64.size > locator:
        raise RefusedError("the zip has a zip64 end that is not where it should be")
    magic, length, _, _, *rest = _END_64.unpack(window.at(at, _END_64.size))
    # Its length does not count the magic and the length itself.
    if magic != b"PK\6\6" or at + length + 12 != locator:
        raise RefusedError("the zip has a zip64 end that is not where it should be")
    disk, first, here, count, size, offset = rest
    return disk, first, here, count, size, offset
