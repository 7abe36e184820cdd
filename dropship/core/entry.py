"""What an archive's entry is, and what its name may be. Pure.

An ``Entry`` is what an archive claims, a ``Place`` what the judge (``core.judge``) makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, NoReturn

from dropship.errors import RefusedError

# What Linux takes as one name and one path (NAME_MAX, PATH_MAX), and what anyone can need.
NAME_MAX: Final = 255
PATH_MAX: Final = 4096
_DEPTH_MAX: Final = 128
_LATEST_NS: Final = (1 << 33) * 10**9  # the year 2242: every file system in use can say it

_SHOWN_MAX: Final = 160


class Kind(Enum):
    """What an entry asks for; the value is how people call it."""

    FILE = "a file"
    FOLDER = "a folder"
    SYMLINK = "a symlink"
    HARD_LINK = "a hard link"
    DEVICE = "a device"
    FIFO = "a fifo"
    SOCKET = "a socket"


# Entry and Place are tuples, as there is one of each for each of many thousand small files: a
# frozen dataclass takes three times as long to make.


class Entry(NamedTuple):
    """A member of an archive as it describes itself; nothing in it is to be believed.

    Attributes:
        name: As it stands there, any bytes.
        size: Length of its contents; 0 for anything but a file.
        mode: Permission bits and more.
        mtime_ns: Nanoseconds since the epoch, may be before it; None where it has none.
        target: Of a symlink or hard link.
    """

    name: bytes
    kind: Kind
    size: int = 0
    mode: int = 0o644
    mtime_ns: int | None = 0
    target: bytes = b""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows.

    Attributes:
        strip: ``stripComponents``.
        symlinks_to: Absolute prefixes that symlinks may lead to (``symlinksTo``).
        keep_modes: ``keepModes``.
        max_size: Most bytes of contents.
        max_entries: Most members.
        max_ratio: Most unpacked bytes for each packed byte.
    """

    strip: int = 0
    symlinks_to: tuple[bytes, ...] = ()
    keep_modes: bool = False
    max_size: int = 20 << 30
    max_entries: int = 250_000
    max_ratio: int = 200


class Place(NamedTuple):
    """Where an entry goes.

    Attributes:
        folder: Its folder inside the release, ``b""`` for the release itself.
        name: Its name in there; ``b""`` for the release itself.
        mode: Permission bits to give it.
        mtime_ns: Clamped to what file systems can say; None leaves it as it comes.
        again: It is there already; a file's contents must then be the same.
        link_folder, link_name: For a hard link, where the file is that it leads to.
    """

    folder: bytes
    name: bytes
    mode: int
    mtime_ns: int | None
    again: bool = False
    link_folder: bytes = b""
    link_name: bytes = b""


def checked_parts(path: bytes, name: bytes) -> list[bytes]:
    """The parts of a path inside the release, ``.`` and empty ones left out.

    Raises:
        RefusedError: It is no such path; ``name`` is the entry to blame.
    """
    if not path:
        refuse(name, "it has an empty name")
    if b"\0" in path:
        refuse(name, "there is a NUL in its name")
    if path.startswith(b"/"):
        refuse(name, "its name is absolute", "pack it with relative names (tar -C FOLDER .)")
    if len(path) > PATH_MAX:
        refuse(name, f"its name is longer than {PATH_MAX} bytes")
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        refuse(name, 'there is a ".." in its name', "pack it without")
    if len(parts) > _DEPTH_MAX:
        refuse(name, f"it is more than {_DEPTH_MAX} folders deep")
    if any(len(part) > NAME_MAX for part in parts):
        refuse(name, f"a part of its name is longer than {NAME_MAX} bytes")
    return parts


def clamped(mtime_ns: int | None) -> int | None:
    """A time that every file system can keep: not before 1970, not after 2242."""
    return None if mtime_ns is None else min(max(mtime_ns, 0), _LATEST_NS)


def refuse(name: bytes, reason: str, cure: str = "") -> NoReturn:
    """Refuse the archive because of one entry.

    Raises:
        RefusedError: Always.
    """
    raise RefusedError(f"the archive's entry {show(name)} is refused: {reason}", cure=cure)


def show(name: bytes) -> str:
    r"""A name for people, in quotes: one line, nothing a terminal would act on, not too long.

    What is no UTF-8 comes as ``\xNN``, what cannot be printed as ``\xNN`` or ``\uNNNN``.
    """
    text = name[: 4 * _SHOWN_MAX].decode("utf-8", "backslashreplace")
    shown = "".join(
        one if one.isprintable() and one != '"' else one.encode("unicode_escape").decode()
        for one in text
    ).replace('"', '\\"')
    if len(shown) > _SHOWN_MAX or len(name) > 4 * _SHOWN_MAX:
        shown = shown[:_SHOWN_MAX] + "…"
    return f'"{shown}"'
