"""Walking into a tree that somebody else may have made: part by part, never through a symlink."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dropship.install.owner import Account

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE: Final = 0o755


@contextmanager
def opened(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """The folder ``parts`` below ``root``; ``root`` itself may be reached through symlinks.

    Raises:
        OSError: It is not there, or a part is no folder (ENOTDIR; ELOOP: a symlink).
    """
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            inner = os.open(part, _FOLDER, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd
    finally:
        os.close(fd)


def make(root: Path, parts: Sequence[str], account: Account | None) -> None:
    """Make what is missing of the folders ``parts`` below ``root``; what is made is ``account``'s.

    Raises:
        OSError: As ``opened``.
    """
    for depth, part in enumerate(parts):
        with opened(root, parts[:depth]) as above:
            if mode(above, part) is not None:
                continue
            with writable(above):
                make_folder(above, part, account)


def make_folder(above: int, name: str, account: Account | None) -> None:
    """Make one folder; whoever sees it sees it with its owner.

    Raises:
        OSError: It cannot be made.
    """
    draft = ".dropship-new"
    with suppress(FileNotFoundError, NotADirectoryError):
        os.rmdir(draft, dir_fd=above)  # left by a crash
    os.mkdir(draft, _MODE, dir_fd=above)
    if account is not None:
        # By its descriptor: whoever may write to the folder above could put a hard link to any
        # file into its place. A folder has none.
        fd = os.open(draft, _FOLDER, dir_fd=above)
        try:
            os.fchown(fd, account.uid, account.gid)
        finally:
            os.close(fd)
    os.rename(draft, name, src_dir_fd=above, dst_dir_fd=above)


def mode(above: int, name: str) -> int | None:
    """What has that name in an open folder: its ``st_mode``, or None."""
    try:
        return os.stat(name, dir_fd=above, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def readlink(above: int, name: str) -> str | None:
    """The text of the symlink of that name; None if it is none."""
    try:
        return os.readlink(name, dir_fd=above)
    except OSError:
        return None


@contextmanager
def writable(fd: int) -> Iterator[None]:
    """While this lasts, a folder that its own mode protects (0555) can be changed by its owner."""
    before = stat.S_IMODE(os.fstat(fd).st_mode)
    if before & stat.S_IWUSR:
        yield
        return
    os.fchmod(fd, before | stat.S_IRWXU)
    try:
        yield
    finally:
        os.fchmod(fd, before)


def move(above: int, name: str, to: int, new: str) -> None:
    """Rename between two open folders, whatever their modes and its own are.

    Raises:
        OSError: It cannot be moved; EXDEV where the two are on different file systems.
    """
    with writable(above), writable(to), unprotected(above, name):
        os.rename(name, new, src_dir_fd=above, dst_dir_fd=to)


@contextmanager
def unprotected(above: int, name: str) -> Iterator[None]:
    """While this lasts, the folder of that name can be moved: its ``..`` is written then."""
    found = mode(above, name)
    if found is None or not stat.S_ISDIR(found):
        yield
        return
    fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        if found & stat.S_IWUSR:
            yield
            return
        # fchmod takes no O_PATH descriptor, and another cannot be had without read permission.
        path = f"/proc/self/fd/{fd}"
        Path(path).chmod(stat.S_IMODE(found) | stat.S_IRWXU)
        try:
            yield
        finally:
            Path(path).chmod(stat.S_IMODE(found))
    finally:
        os.close(fd)
