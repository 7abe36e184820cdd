"""The records of a zip's members: one in its directory, one in front of each member.

Only what this project needs of them, compared and bounded; nothing is guessed. Format: PKWARE's
APPNOTE.TXT 6.3.10, sections 4.3 to 4.5; extended timestamp (0x5455): Info-ZIP's
``proginfo/extrafld.txt``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from struct import Struct
from typing import Final

from dropship.archives.zip_end import MAX_32, Window
from dropship.core.entry import PATH_MAX, refuse
from dropship.errors import RefusedError

NS: Final = 10**9
LOCAL_BYTES: Final = 30
STORED: Final = 0
DEFLATED: Final = 8
STREAMED: Final = 1 << 3
"""The flag of a member whose sizes are told again behind its contents."""

_HINTS: Final = 0b110  # how hard the packer tried
_UNIX: Final = (3, 19)  # 19: "OS X (Darwin)"
_ZIP64: Final = 0x0001
_TIMES: Final = 0x5455
_UNICODE_PATH: Final = 0x7075

_CENTRAL: Final = Struct("<4sBBHHHHHLLLHHHHHLL")
_LOCAL: Final = Struct("<4sHHHHHLLLHH")


@dataclass(frozen=True, slots=True)
class Header:
    """What the directory says of a member.

    Attributes:
        name: As it stands there.
        flags, method, dos: As they stand there; ``dos`` is time and date.
        crc: Of the contents.
        packed: Length of what is stored of it.
        size: Length of the contents.
        offset: Of the header in front of it.
        mode: Unix's type and permissions; 0 where they are not told.
        mtime: Of the extended timestamp, in seconds.
    """

    name: bytes
    flags: int
    method: int
    dos: tuple[int, int]
    crc: int
    packed: int
    size: int
    offset: int
    mode: int
    mtime: int | None


@dataclass(frozen=True, slots=True)
class Local:
    """What the header in front of a member says of it. ``bytes``: its own length."""

    bytes: int
    mtime: int | None


def central(window: Window, at: int, end: int) -> tuple[Header, int]:
    """The record of the directory at ``at``, and where the next one is.

    Raises:
        RefusedError: There is none, or it contradicts itself.
    """
    if at + _CENTRAL.size > end:
        raise RefusedError("the zip's directory has fewer records than its end says")
    fields = _CENTRAL.unpack(window.at(at, _CENTRAL.size))
    magic, _, host, _, flags, method, time, date, crc, packed, size = fields[:11]
    name_length, extra_length, comment_length, disk, _, attributes, offset = fields[11:]
    if magic != b"PK\1\2":
        raise RefusedError("the zip's directory is damaged")
    at += _CENTRAL.size
    following = at + name_length + extra_length + comment_length
    if following > end:
        raise RefusedError("the zip's directory is damaged: a record is longer than there is room")
    name = window.at(at, min(name_length, PATH_MAX + 1))
    if name_length > PATH_MAX:
        refuse(name, f"its name is longer than {PATH_MAX} bytes")
    extra = _extra(window.at(at + name_length, extra_length), name)
    size, packed, offset = _wide(extra, (size, packed, offset), name)
    if disk:
        refuse(name, "it is in another part of a zip of several", "pack it into one file")
    _check_path(extra, name)
    header = Header(
        name=name,
        flags=flags,
        method=method,
        dos=(time, date),
        crc=crc,
        packed=packed,
        size=size,
        offset=offset,
        mode=attributes >> 16 if host in _UNIX else 0,
        mtime=_mtime(extra),
    )
    return header, following


def local(window: Window, header: Header) -> Local:
    """The header in front of a member, which must say what the directory says.

    Raises:
        RefusedError: It does not.
    """
    name = header.name
    fields = _LOCAL.unpack(window.at(header.offset, LOCAL_BYTES))
    magic, _, flags, method, time, date, crc, packed, size, name_length, extra_length = fields
    if magic != b"PK\3\4":
        refuse(name, "it is not where the zip's directory says")
    raw = window.at(header.offset + LOCAL_BYTES, name_length + extra_length)
    extra = _extra(raw[name_length:], name)
    _check_path(extra, name)
    plain, wide = (size, packed), extra.get(_ZIP64, b"")
    sizes: tuple[int, ...] = plain
    if len(wide) == 16 and MAX_32 not in plain:
        # As Python before 3.11.4 wrote it, with sizes in both places, which must agree.
        sizes = tuple(int.from_bytes(wide[at : at + 8], "little") for at in (0, 8))
        if sizes != plain:
            refuse(name, "its zip64 sizes and its plain ones differ")
    elif _ZIP64 in extra:
        sizes = _wide(extra, plain, name)
    known = not flags & STREAMED
    differing = [
        what
        for what, here, there in (
            ("name", raw[:name_length], name),
            ("flags", flags & ~_HINTS, header.flags & ~_HINTS),
            ("method", method, header.method),
            ("time", (time, date), header.dos),
        )
        if here != there
    ]
    # Behind a streamed member stands what its header could not know yet; some tools knew.
    for what, here, there in (
        ("CRC", crc, header.crc),
        ("size", sizes[0], header.size),
        ("packed size", sizes[1], header.packed),
    ):
        if here != there and (known or here not in (0, MAX_32)):
            differing.append(what)
    mtime = _mtime(extra)
    if mtime is not None and header.mtime not in (None, mtime):
        differing.append("time")
    if differing:
        refuse(name, f"its two headers differ: {', '.join(differing)}")
    return Local(LOCAL_BYTES + len(raw), mtime)


def check_descriptor(content: bytes, header: Header) -> None:
    """What stands behind a streamed member: CRC and sizes, with a magic or without, short or wide.

    Raises:
        RefusedError: It is none, or says something else than the directory.
    """
    for magic in (b"", b"PK\7\x08"):
        for width in (4, 8):
            told = magic + header.crc.to_bytes(4, "little")
            for number in (header.packed, header.size):
                told += (number % (1 << (8 * width))).to_bytes(width, "little")
            if content == told:
                return
    refuse(header.name, "what is told behind its contents is not what the zip's directory says")


def dos_time(dos: tuple[int, int]) -> int | None:
    """Nanoseconds since the epoch of a time as MS-DOS has it; None where it is none.

    MS-DOS knows no time zones: it is taken as UTC, so that it is the same on every host.
    """
    time, date = dos
    try:
        when = datetime(
            1980 + (date >> 9),
            date >> 5 & 0xF,
            date & 0x1F,
            time >> 11,
            time >> 5 & 0x3F,
            2 * (time & 0x1F),
            tzinfo=timezone.utc,
        )
    except ValueError:
        return None
    return int(when.timestamp()) * NS


def _extra(content: bytes, name: bytes) -> dict[int, bytes]:
    """Extra fields by their kinds."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(content):
        kind = int.from_bytes(content[at : at + 2], "little")
        length = int.from_bytes(content[at + 2 : at + 4], "little")
        field = content[at + 4 : at + 4 + length]
        at += 4 + length
        if at > len(content):
            refuse(name, "its extra fields are damaged")
        if kind in found and kind in (_ZIP64, _TIMES, _UNICODE_PATH):
            refuse(name, f"it has the extra field 0x{kind:04x} twice")
        found[kind] = field
    return found


def _wide(extra: dict[int, bytes], fields: tuple[int, ...], name: bytes) -> tuple[int, ...]:
    """The real values of fields, in the order in which zip64 has those that are too short."""
    content = extra.get(_ZIP64, b"")
    real = []
    for field in fields:
        value = field
        if field == MAX_32:
            if len(content) < 8:
                refuse(name, "its zip64 sizes are missing")
            value, content = int.from_bytes(content[:8], "little"), content[8:]
        real.append(value)
    if content:
        refuse(name, "it has zip64 sizes and plain ones")
    return tuple(real)


def _mtime(extra: dict[int, bytes]) -> int | None:
    content = extra.get(_TIMES, b"")
    if len(content) < 5 or not content[0] & 1:
        return None
    return int.from_bytes(content[1:5], "little", signed=True)


def _check_path(extra: dict[int, bytes], name: bytes) -> None:
    """Info-ZIP's second name, which some readers prefer to the first."""
    content = extra.get(_UNICODE_PATH)
    if content is not None and content[5:] != name:
        refuse(name, "it has two names: another one in an extra field")
