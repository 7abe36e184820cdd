"""What stands in front of a tar's member to say more of it: PAX headers, GNU's long names.

Two that contradict each other are refused, as readers would choose differently. Formats:
POSIX.1-2017, pax, "pax Header Block"; GNU tar's manual, "Basic Tar Format".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dropship.archives.tar_header import NS, records
from dropship.archives.tar_sparse import PREFIX
from dropship.core.entry import refuse
from dropship.errors import RefusedError

GLOBAL: Final = b"g"
_LOCAL: Final = (b"x", b"X")  # X is Solaris's own spelling
_LONG_NAME: Final = b"L"
_LONG_TARGET: Final = b"K"
EXTENSIONS: Final = frozenset((*_LOCAL, GLOBAL, _LONG_NAME, _LONG_TARGET))

_FOR_ONE: Final = (b"path", b"linkpath", b"size")
_SECONDS: Final = re.compile(rb"(-?)(\d{1,19})(?:\.(\d*))?")


@dataclass(slots=True)
class Extension:
    """What the headers in front of a member say of it. ``length``: of them so far."""

    pax: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes | None = None
    target: bytes | None = None
    length: int = 0

    def add(self, flag: bytes, content: bytes, name: bytes) -> None:
        """Take in one more header, which ``name`` is to blame for.

        Raises:
            RefusedError: It is damaged, or there was one of its kind already.
        """
        self.length += len(content)
        if flag == _LONG_NAME:
            self.name = _only(self.name, content.rstrip(b"\0"), name)
        elif flag == _LONG_TARGET:
            self.target = _only(self.target, content.rstrip(b"\0"), name)
        else:
            if self.pax:
                refuse(name, "it has two PAX headers")
            self.pax = records(content, name)

    def name_of(self, plain: bytes) -> bytes:
        """The member's name, which is ``plain`` in its own header."""
        return _one(plain, self.name, self.pax.get(b"path"))

    def target_of(self, plain: bytes) -> bytes:
        """Where it leads, if it is a link."""
        return _one(plain, self.target, self.pax.get(b"linkpath"))

    def mtime_of(self, plain: int, shared: Mapping[bytes, bytes], name: bytes) -> int:
        """Its time in nanoseconds; ``shared`` are records for all members.

        Raises:
            RefusedError: It is no time.
        """
        said = self.pax.get(b"mtime", shared.get(b"mtime"))
        if not said:
            return plain
        match = _SECONDS.fullmatch(said)
        if match is None:
            refuse(name, "its PAX header has a time that is no number")
        fraction = (match[3] or b"")[:9].ljust(9, b"0")
        nanoseconds = int(match[2]) * NS + int(fraction)
        return -nanoseconds if match[1] else nanoseconds


def shared(content: bytes, name: bytes) -> dict[bytes, bytes]:
    """Records for all members: a comment (git archive's commit) is fine, a name for all is not.

    Raises:
        RefusedError: They say what only one member can be.
    """
    found = records(content, name)
    for key in _FOR_ONE:
        if key in found:
            raise RefusedError(f"the archive gives all its entries one {key.decode()}")
    if any(key.startswith(PREFIX) for key in found):
        raise RefusedError("the archive gives all its entries one sparse map")
    return found


def _one(plain: bytes, long: bytes | None, pax: bytes | None) -> bytes:
    """What counts where a header is extended; two extensions must agree."""
    if long is not None and pax is not None and long != pax:
        refuse(plain, "its GNU and PAX headers give it two names or targets")
    if pax is not None:
        return pax
    return plain if long is None else long


def _only(before: bytes | None, now: bytes, name: bytes) -> bytes:
    if before is not None:
        refuse(name, "it has two GNU long names or targets")
    return now
