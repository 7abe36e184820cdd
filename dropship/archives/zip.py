"""Reading a zip strictly: what its directory says must be what is there, to the byte.

The members, each with its own header in front, must lie one behind the other from the first byte
to the directory: nothing in front of them, between them, or twice. So there is one way to read
it, whether a reader starts at the directory or at the first byte. Names are bytes, whatever the
UTF-8 flag says, and a backslash is a plain character. Unix's modes count where the member was
packed on Unix. Format: PKWARE's APPNOTE.TXT 6.3.10.
"""

from __future__ import annotations

import stat
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from dropship.archives import Piece
from dropship.archives.codecs import DEFLATE_ERRORS, deflate_member
from dropship.archives.inflate import PIECE_BYTES
from dropship.archives.zip_end import Directory, Read, Window, directory
from dropship.archives.zip_records import (
    DEFLATED,
    LOCAL_BYTES,
    NS,
    STORED,
    STREAMED,
    Header,
    central,
    check_descriptor,
    dos_time,
    local,
)
from dropship.core.entry import PATH_MAX, Entry, Kind, refuse
from dropship.errors import RefusedError

_READ_BYTES: Final = 256 << 10

_ENCRYPTED: Final = 1 << 0 | 1 << 6 | 1 << 13
_PATCHED: Final = 1 << 5
_METHODS: Final = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz", 99: "AES"}

_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755
_KINDS: Final = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.FOLDER,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.DEVICE,
    stat.S_IFBLK: Kind.DEVICE,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFSOCK: Kind.SOCKET,
}


class ZipReader:
    """The members of a zip file, in the order of its directory.

    Args:
        read: Reads the file, as ``os.pread`` does.
        size: The file's length.
        most: Most members that there may be (``maxEntries``): the directory is gone through for
            their places before the first is given.
    """

    def __init__(self, read: Read, size: int, most: int) -> None:
        # Two windows: directory and members are read in turn.
        self._index = Window(read, size)
        self._data = Window(read, size)
        self._most = most
        self._body: Iterator[bytes] = iter(())

    def entries(self) -> Iterator[Entry]:
        """The members.

        Raises:
            RefusedError: As ``Archive.entries``.
        """
        where = directory(self._index)
        if where.count > self._most:
            raise RefusedError(
                f"the archive has more than {self._most} entries",
                cure="raise `maxEntries` if that is as it should be",
            )
        places = self._places(where)
        for header in self._headers(where):
            yield self._member(header, _following(places, header, where))
            for _ in self._body:
                """What was not read is, so that a wrong CRC is seen."""

    def body(self) -> Iterator[Piece]:
        """Contents of the last member.

        Raises:
            RefusedError: They are damaged.
        """
        yield from self._body

    def _headers(self, where: Directory) -> Iterator[Header]:
        at = where.offset
        for _ in range(where.count):
            header, at = central(self._index, at, where.end)
            yield header
        if at != where.end:
            raise RefusedError("the zip's directory has more records than its end says")

    def _places(self, where: Directory) -> array[int]:
        """Offsets of all members, sorted: each ends where the next one begins."""
        places = array("Q", sorted(header.offset for header in self._headers(where)))
        if places and places[-1] >= where.offset:
            raise RefusedError("the zip's directory points at places behind its own beginning")
        first = places[0] if places else where.offset
        if first:
            raise RefusedError(
                f"there are {first} bytes in front of the zip's first entry",
                cure="pack it as a plain zip, not as a self-extracting one",
            )
        return places

    def _member(self, header: Header, end: int) -> Entry:
        name = header.name
        _check_method(header)
        here = local(self._data, header) if end - header.offset >= LOCAL_BYTES else None
        begin = header.offset + (here.bytes if here else LOCAL_BYTES)
        if here is None or begin + header.packed > end:
            refuse(name, "it overlaps with what follows it in the zip")
        rest = end - begin - header.packed
        if header.flags & STREAMED:
            # The longest form: a magic, the CRC, two wide sizes.
            content = self._data.at(end - rest, min(rest, 25))
            check_descriptor(content, header)
        elif rest:
            refuse(name, f"{rest} bytes that belong to nothing follow it in the zip")
        kind = _kind(header)
        mode = stat.S_IMODE(header.mode)
        if not header.mode:
            mode = _FOLDER_MODE if kind is Kind.FOLDER else _FILE_MODE
        mtime = header.mtime if here.mtime is None else here.mtime
        mtime_ns = dos_time(header.dos) if mtime is None else mtime * NS
        if header.size and kind is Kind.FOLDER:
            refuse(name, f"it is a folder, but says that it has {header.size} bytes of contents")
        self._body = self._contents(header, begin)
        if kind is Kind.FILE:
            return Entry(name, kind, header.size, mode, mtime_ns)
        target = b""
        if kind is Kind.SYMLINK:
            if header.size > PATH_MAX:
                refuse(name, f"its target is longer than {PATH_MAX} bytes")
            target = b"".join(self._body)
        return Entry(name, kind, 0, mode, mtime_ns, target)

    def _contents(self, header: Header, at: int) -> Iterator[bytes]:
        """The contents, counted and summed up."""
        left, crc = header.size, 0
        pieces = self._inflated if header.method == DEFLATED else self._stored
        try:
            for piece in pieces(header, at):
                left -= len(piece)
                if left < 0:
                    refuse(header.name, f"it has more than the {header.size} bytes that it says")
                crc = zlib.crc32(piece, crc)
                yield piece
        except DEFLATE_ERRORS as error:
            refuse(header.name, f"its contents are damaged: {error}")
        if left:
            refuse(header.name, f"it has {left} bytes less than it says")
        if crc != header.crc:
            refuse(header.name, "its contents are damaged: they have another CRC")

    def _stored(self, header: Header, at: int) -> Iterator[bytes]:
        end = at + header.packed
        while at < end:
            piece = self._data.at(at, min(end - at, _READ_BYTES))
            at += len(piece)
            yield piece

    def _inflated(self, header: Header, at: int) -> Iterator[bytes]:
        raw = self._stored(header, at)
        member = deflate_member()
        while not member.eof:
            data = b""
            if member.needs_input:
                data = next(raw, b"")
                if not data:
                    refuse(header.name, "its contents end too early")
            if out := member.decompress(data, PIECE_BYTES):
                yield out
        if member.unused_data or next(raw, b""):
            refuse(header.name, "something follows its contents that is no part of them")


def _following(places: array[int], header: Header, where: Directory) -> int:
    """Where a member has to end. Two that begin at one place end there, before they begin."""
    at = bisect_right(places, header.offset)
    if at > 1 and places[at - 2] == header.offset:
        refuse(header.name, "it overlaps with another entry of the zip")
    return places[at] if at < len(places) else where.offset


def _check_method(header: Header) -> None:
    if header.flags & _ENCRYPTED:
        refuse(header.name, "it is encrypted", "pack it without a password")
    if header.flags & _PATCHED:
        refuse(header.name, "it is a patch of something else")
    if header.method not in (STORED, DEFLATED):
        method = _METHODS.get(header.method, "an unknown one")
        refuse(
            header.name,
            f"it is packed by method {header.method} ({method})",
            "pack it with deflate, or as tar.xz or tar.zst",
        )
    if header.method == STORED and header.packed != header.size:
        refuse(header.name, f"it has two sizes: {header.packed} as it is stored, {header.size}")


def _kind(header: Header) -> Kind:
    """What a member is, by its mode and by its name, which must not contradict each other."""
    by_name = Kind.FOLDER if header.name.endswith(b"/") else Kind.FILE
    if not stat.S_IFMT(header.mode):
        return by_name
    kind = _KINDS.get(stat.S_IFMT(header.mode))
    if kind is None:
        refuse(header.name, f"it is of the unknown type 0o{stat.S_IFMT(header.mode):o}")
    if (kind is Kind.FOLDER) != (by_name is Kind.FOLDER):
        refuse(header.name, f"it is {kind.value} by its mode, and {by_name.value} by its name")
    return kind
