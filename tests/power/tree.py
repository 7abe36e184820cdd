"""What makes two trees the same: names, kinds, modes and content. Used on both sides."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

Entry = tuple[bytes, int, bytes]
"""Path, mode with the kind in it, and content (of a symlink: its text; of a folder: nothing)."""


def digest(entries: Iterable[Entry]) -> str:
    """One text for all of a tree."""
    whole = hashlib.sha256()
    for path, mode, content in sorted(entries):
        inner = hashlib.sha256(content).hexdigest()
        whole.update(b"%d %s %o %s\n" % (len(path), path, mode, inner.encode()))
    return whole.hexdigest()


def read(top: Path) -> str | None:
    """The digest of what is on disk, a folder or a file; None if nothing is."""
    try:
        found = top.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return digest([_entry(top, b"")])
    return digest(_below(top))


def _below(top: Path) -> Iterator[Entry]:
    for one in top.rglob("*"):
        yield _entry(one, bytes(one.relative_to(top)))


def _entry(path: Path, name: bytes) -> Entry:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return name, mode, b""
    if stat.S_ISLNK(mode):
        return name, stat.S_IFLNK, bytes(path.readlink())
    return name, mode, path.read_bytes()
