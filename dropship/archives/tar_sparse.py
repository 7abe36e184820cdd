"""Sparse members of a tar: files with holes, whose zeros are not written out.

Four ways to say where the contents belong: old GNU (type S, four places in the header, more in
blocks behind it), and PAX 0.0 (a pair of records for each place), 0.1 (all in one record) and 1.0
(in front of the contents). Format: GNU tar's manual, "Storing Sparse Files" and its ``tar.h``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dropship.archives.tar_header import BLOCK, MAGIC, SIZE_MAX, number
from dropship.core.entry import refuse

MAP_MAX: Final = 1 << 20
"""Most bytes that a map may have."""

PREFIX: Final = b"GNU.sparse."
_MAP: Final = b"GNU.sparse.map"
_SIZES: Final = (b"GNU.sparse.size", b"GNU.sparse.realsize")
_VERSION: Final = (b"GNU.sparse.major", b"GNU.sparse.minor")
_KNOWN: Final = frozenset((_MAP, *_SIZES, *_VERSION, b"GNU.sparse.numblocks", b"GNU.sparse.name"))

_GNU: Final = b"ustar "
_IN_HEADER: Final = (386, 4)
_IN_BLOCK: Final = (0, 21)
_PLACE: Final = 24
_WIDTH: Final = 12
_MORE_IN_HEADER: Final = 482
_MORE_IN_BLOCK: Final = 504
_REAL_SIZE: Final = slice(483, 495)
_DIGITS_MAX: Final = 19

Place = tuple[int, int]
"""Offset and length of contents in the file."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """Where the contents of a member belong.

    Attributes:
        size: Of the file, its holes counted.
        places: Of its contents, in order.
        name: Which the file has; None if it is the member's own.
    """

    size: int
    places: tuple[Place, ...]
    name: bytes | None = None


def of_old_gnu(header: bytes, block: Callable[[], bytes], name: bytes) -> Sparse:
    """From a header of type S, and the blocks behind it that ``block`` gives.

    Raises:
        RefusedError: They contradict themselves.
    """
    if header[MAGIC] != _GNU:
        refuse(name, "it is of type 'S', but not as GNU tar writes it")
    places = list(_places(header, *_IN_HEADER, name))
    more, room = header[_MORE_IN_HEADER], _IN_HEADER[1]
    read = 0
    while more:
        read += BLOCK
        if len(places) < room:
            refuse(name, "its sparse map goes on behind its end")
        if read > MAP_MAX:
            refuse(name, f"its sparse map is longer than {MAP_MAX} bytes")
        content = block()
        places.extend(_places(content, *_IN_BLOCK, name))
        more, room = content[_MORE_IN_BLOCK], room + _IN_BLOCK[1]
    return Sparse(number(header[_REAL_SIZE], name, "size"), tuple(places))


def of_pax(pax: Mapping[bytes, bytes], block: Callable[[], bytes], name: bytes) -> Sparse | None:
    """From PAX records; None if they say nothing of it.

    For version 1.0 the map is read by ``block`` from the front of the contents.

    Raises:
        RefusedError: They contradict themselves.
    """
    said = {key: value for key, value in pax.items() if key.startswith(PREFIX)}
    if not said:
        return None
    if unknown := sorted(said.keys() - _KNOWN):
        refuse(name, f"its PAX header has {unknown[0]!r}, which GNU tar does not know")
    version = tuple(said.get(key) for key in _VERSION)
    sizes = {said[key] for key in _SIZES if key in said}
    if len(sizes) != 1:
        refuse(name, "its PAX header gives the sparse file no size, or two")
    size = _decimal(sizes.pop(), name)
    if version == (b"1", b"0") and _MAP not in said:
        places = _from_contents(block, name)
    elif version == (None, None) and _MAP in said:
        places = _pairs(said[_MAP].split(b",") if said[_MAP] else [], name)
    else:
        refuse(name, "its sparse map is of no version that is known", "use --sparse-version=1.0")
    told = said.get(b"GNU.sparse.numblocks")
    if told is not None and _decimal(told, name) != len(places):
        refuse(name, f"its sparse map has {len(places)} parts, but should have {told!r}")
    return Sparse(size, places, said.get(b"GNU.sparse.name"))


def check(sparse: Sparse, length: int, name: bytes) -> None:
    """See that ``length`` bytes of contents fill its places, in order and inside of the file.

    Raises:
        RefusedError: They do not.
    """
    end = total = 0
    for offset, count in sparse.places:
        if offset < end:
            refuse(name, "its sparse map is out of order or overlaps itself")
        end = offset + count
        total += count
    if end > sparse.size:
        refuse(name, f"its sparse map goes to {end}, but the file has {sparse.size} bytes")
    if total != length:
        refuse(name, f"its sparse map needs {total} bytes of contents, of which there are {length}")


def _places(content: bytes, at: int, most: int, name: bytes) -> Iterator[Place]:
    """Places of a header or block, up to the first that is empty; nothing follows that."""
    ended = False
    for begin in range(at, at + most * _PLACE, _PLACE):
        offset = content[begin : begin + _WIDTH]
        length = content[begin + _WIDTH : begin + _PLACE]
        if not length[0]:
            ended = True
            if offset.strip(b"\0") or length.strip(b"\0"):
                refuse(name, "its sparse map is damaged")
        elif ended:
            refuse(name, "its sparse map goes on behind its end")
        else:
            yield number(offset, name, "sparse offset"), number(length, name, "sparse length")


def _from_contents(block: Callable[[], bytes], name: bytes) -> tuple[Place, ...]:
    """Lines of decimal numbers: how many places, then offset and length of each; then NULs."""
    lines: list[bytes] = []
    rest = b""
    read = 0
    wanted = 1
    while len(lines) < wanted:
        if read >= MAP_MAX:
            refuse(name, f"its sparse map is longer than {MAP_MAX} bytes")
        read += BLOCK
        *more, rest = (rest + block()).split(b"\n")
        lines += more
        if lines:
            wanted = 1 + 2 * _decimal(lines[0], name)
    if len(lines) > wanted or rest.strip(b"\0"):
        refuse(name, "its sparse map is followed by something else")
    return _pairs(lines[1:], name)


def _pairs(numbers: list[bytes], name: bytes) -> tuple[Place, ...]:
    if len(numbers) % 2:
        refuse(name, "its sparse map has an offset without a length")
    values = [_decimal(one, name) for one in numbers]
    return tuple(zip(values[::2], values[1::2], strict=True))


def _decimal(digits: bytes, name: bytes) -> int:
    if not digits.isdigit() or len(digits) > _DIGITS_MAX or int(digits) > SIZE_MAX:
        refuse(name, f"{digits[:_DIGITS_MAX]!r} in its sparse map is no number")
    return int(digits)
