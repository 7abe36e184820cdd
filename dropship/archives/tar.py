"""Reading a tar stream strictly: ustar (POSIX.1-2017 "pax"), its PAX headers, and GNU's own ways.

Those are long names, large numbers and sparse files (``tar_sparse``). Where readers of tar are known to disagree about what an archive holds, it is refused instead of
guessed at: two sizes or two names for a member, contents where a kind has none, broken checksums,
a missing end marker, anything but zeros after it. Owners, devices and times of access are not
even looked at. Formats: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar's manual,
"Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from dropship.archives import Hole, Piece, tar_sparse
from dropship.archives.tar_extension import EXTENSIONS, GLOBAL, Extension, shared
from dropship.archives.tar_header import (
    BLOCK,
    MODE,
    MTIME,
    SIZE,
    SIZE_MAX,
    TARGET,
    TYPE,
    check,
    full_name,
    number,
    text,
    time_of,
)
from dropship.archives.tar_sparse import Sparse
from dropship.core.entry import Entry, Kind, refuse
from dropship.errors import RefusedError

EXTENSION_MAX: Final = 1 << 20
"""Most bytes that all extension headers of one member may have."""
_EXTENSIONS_EACH: Final = 512
"""Most that all of them in an archive may have, for each entry that there may be."""
_EXTENSIONS_LEAST: Final = 64 << 20

_ZEROS: Final = bytes(BLOCK)
_DIGITS_MAX: Final = 19
_USTAR_SIZE_MAX: Final = 0o77777777777

_KINDS: Final = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,  # version 7
    b"7": Kind.FILE,  # "contiguous", which nobody makes a difference of
    b"S": Kind.FILE,  # GNU's sparse file
    b"1": Kind.HARD_LINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.DEVICE,
    b"4": Kind.DEVICE,
    b"5": Kind.FOLDER,
    b"6": Kind.FIFO,
}
_SPARSE: Final = b"S"


class TarReader:
    """The members of a tar stream.

    Args:
        pieces: The stream.
        most: Most members that there may be (``maxEntries``), which bounds what extension headers
            may cost.
    """

    def __init__(self, pieces: Iterator[bytes], most: int = 0) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._at = 0
        self._left = 0  # of the member's contents
        self._padding = 0
        self._sparse: Sparse | None = None
        self._extensions = 0  # bytes of them so far, maps of sparse files included
        self._extensions_max = max(_EXTENSIONS_LEAST, _EXTENSIONS_EACH * most)
        self._last = b""  # the member's name, for messages
        self._shared: dict[bytes, bytes] = {}  # global PAX records

    def entries(self) -> Iterator[Entry]:
        """The members in order.

        Raises:
            RefusedError: As ``Archive.entries``.
        """
        extension: Extension | None = None
        while True:
            self._skip()
            header = self._header()
            if header == _ZEROS:
                self._end(extension)
                return
            check(header, self._last)
            kind = header[TYPE]
            if kind in _KINDS:
                yield self._member(header, kind, extension)
                extension = None
            else:
                extension = self._extend(header, kind, extension)

    def body(self) -> Iterator[Piece]:
        """Contents of the last member.

        Raises:
            RefusedError: The stream ends in the middle of them.
        """
        sparse, self._sparse = self._sparse, None
        return self._contents(self._left) if sparse is None else self._parts(sparse)

    def _parts(self, sparse: Sparse) -> Iterator[Piece]:
        at = 0
        for offset, length in sparse.places:
            if offset > at:
                yield Hole(offset - at)
            yield from self._contents(length)
            at = offset + length
        if sparse.size > at:
            yield Hole(sparse.size - at)

    def _contents(self, count: int) -> Iterator[memoryview]:
        end = self._at + count
        if end <= len(self._buffer):  # as with most small files
            piece = memoryview(self._buffer)[self._at : end]
            self._left -= count
            self._at = end
            return iter((piece,) if count else ())
        return self._split(count)

    def _split(self, count: int) -> Iterator[memoryview]:
        while count:
            if self._at == len(self._buffer):
                self._refill()
            end = min(self._at + count, len(self._buffer))
            piece = memoryview(self._buffer)[self._at : end]
            count -= end - self._at
            self._left -= end - self._at
            self._at = end
            yield piece

    # --- the stream ---------------------------------------------------------------------------

    def _refill(self) -> None:
        self._buffer, self._at = next(self._pieces, b""), 0
        if not self._buffer:
            refuse(self._last, "the archive ends in the middle of it")

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end <= len(self._buffer):
            taken = self._buffer[self._at : end]
            self._at = end
            return taken
        parts = [self._buffer[self._at :]]
        missing = end - len(self._buffer)
        while missing:
            self._refill()
            self._at = min(missing, len(self._buffer))
            parts.append(self._buffer[: self._at])
            missing -= self._at
        return b"".join(parts)

    def _skip(self) -> None:
        """Pass over what is left of the last member."""
        left = self._left + self._padding
        while left:
            if self._at == len(self._buffer):
                self._refill()
            step = min(left, len(self._buffer) - self._at)
            self._at += step
            left -= step
        self._left = self._padding = 0

    def _header(self) -> bytes:
        if self._at == len(self._buffer):
            self._buffer, self._at = next(self._pieces, b""), 0
            if not self._buffer:
                raise RefusedError("the archive ends without tar's end marker: it was cut short")
        return self._take(BLOCK)

    def _end(self, extension: Extension | None) -> None:
        """Two blocks of zeros end an archive; only zeros may follow."""
        if extension is not None:
            raise RefusedError("the archive ends with an extension header that belongs to nothing")
        if self._header() != _ZEROS:
            raise RefusedError("a lone block of zeros is in the middle of the archive")
        # To the very end of the stream, also where the marker ended a piece: a compressed one that
        # was cut behind it shows only there.
        for rest in chain((self._buffer[self._at :],), self._pieces):
            if rest.strip(b"\0"):
                raise RefusedError("something follows the archive's end marker")
        self._buffer, self._at = b"", 0

    # --- members ------------------------------------------------------------------------------

    def _member(self, header: bytes, flag: bytes, extension: Extension | None) -> Entry:
        name, target = full_name(header), text(header[TARGET])
        size = number(header[SIZE], name, "size")
        mtime = time_of(header[MTIME], name)
        if extension is not None or self._shared:
            extension = extension or Extension()
            size = self._real_size(size, extension, name)
            name, target = extension.name_of(name), extension.target_of(target)
            mtime = extension.mtime_of(mtime, self._shared, name)
        kind = _KINDS[flag]
        if kind is Kind.FILE and name.endswith(b"/"):
            kind = Kind.FOLDER  # version 7 had no type for it
        if size and kind is not Kind.FILE:
            refuse(name, f"it is {kind.value}, but says that it has {size} bytes of contents")
        self._last, self._left, self._padding = name, size, -size % BLOCK
        self._sparse = None
        if extension is not None or flag == _SPARSE:
            self._sparse = self._map(header, extension, name)
        if self._sparse is not None:
            if kind is not Kind.FILE:
                refuse(name, f"it is {kind.value}, but sparse")
            name, size = self._sparse.name or name, self._sparse.size
        mode = number(header[MODE], name, "mode")
        return Entry(name, kind, size, mode, mtime, target)

    def _map(self, header: bytes, extension: Extension | None, name: bytes) -> Sparse | None:
        """Where the contents belong, if there are holes between them."""
        pax = extension.pax if extension else {}
        if header[TYPE] != _SPARSE:
            sparse = tar_sparse.of_pax(pax, self._map_block, name)
        elif any(key.startswith(tar_sparse.PREFIX) for key in pax):
            refuse(name, "its GNU and PAX headers give it two sparse maps")
        else:
            sparse = tar_sparse.of_old_gnu(header, self._block, name)
        if sparse is not None:
            tar_sparse.check(sparse, self._left, name)
        return sparse

    def _block(self) -> bytes:
        """A block of a sparse file's map."""
        self._spend(BLOCK, self._last)
        return self._take(BLOCK)

    def _map_block(self) -> bytes:
        """A block of the map in front of the contents, which counts as part of them."""
        if self._left < BLOCK:
            refuse(self._last, "its sparse map is longer than its contents")
        self._left -= BLOCK
        return self._block()

    def _real_size(self, size: int, extension: Extension, name: bytes) -> int:
        said = extension.pax.get(b"size")
        if said is None:
            return size
        if not said.isdigit() or len(said) > _DIGITS_MAX or int(said) > SIZE_MAX:
            refuse(name, "its PAX header has a size that is no number")
        real = int(said)
        # Only where ustar's field is too short may it say something else: nothing, or its most.
        if size != real and (real <= _USTAR_SIZE_MAX or size not in (0, _USTAR_SIZE_MAX)):
            refuse(name, f"it has two sizes: {size} in its header, {real} in its PAX header")
        return real

    # --- extension headers --------------------------------------------------------------------

    def _extend(self, header: bytes, flag: bytes, extension: Extension | None) -> Extension | None:
        name = full_name(header)
        if flag not in EXTENSIONS:
            refuse(name, f"it is of the unknown type {flag!r}")
        content = self._extension_content(header, name, extension)
        if flag == GLOBAL:
            self._shared |= shared(content, name)
            return extension
        extension = extension or Extension()
        extension.add(flag, content, name)
        return extension

    def _extension_content(self, header: bytes, name: bytes, extension: Extension | None) -> bytes:
        size = number(header[SIZE], name, "size")
        before = extension.length if extension else 0
        if size + before > EXTENSION_MAX:
            refuse(name, f"its headers are longer than {EXTENSION_MAX} bytes")
        self._last = name
        self._spend(size, name)
        content = self._take(size)
        self._take(-size % BLOCK)
        return content

    def _spend(self, count: int, name: bytes) -> None:
        self._extensions += count
        if self._extensions > self._extensions_max:
            refuse(
                name,
                f"with it the archive's headers have more than {self._extensions_max} bytes",
                "raise `maxEntries` if that is as it should be",
            )
