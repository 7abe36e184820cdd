"""Deleting trees: by folder descriptors, never through a symlink, never across a mount."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.linux import mounts

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Look = Callable[[], None]


def _nothing() -> None:
    """Nobody waits."""


def remove(path: Path, look: Look = _nothing) -> None:
    """Delete a file, symlink or tree; one that is gone already is fine.

    ``look`` is called between folders, so that whoever deletes much stays attentive.

    Raises:
        OSError: Something in it could not be deleted; EBUSY where something is mounted in it.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        path.unlink(missing_ok=True)
        return
    _refuse_mounts(path)
    _Remover(found.st_dev, look).empty(_open(str(path), None))
    path.rmdir()


def mounted_in(path: Path) -> bool:
    """Whether anything is mounted at or below ``path``."""
    real = os.fsencode(os.path.realpath(path))
    return bool(mounts.at_or_below(real, mounts.points()))


def _refuse_mounts(path: Path) -> None:
    # A bind mount from the same file system has the same device number: only the list tells.
    if mounted_in(path):
        raise OSError(errno.EBUSY, "something is mounted in it", str(path))


@dataclass(slots=True)
class _Level:
    """A folder on the way down: its name in the one above, what it is, its folders still to do."""

    name: str
    device: int
    inode: int
    folders: list[str]


class _Remover:
    """Depth first with an explicit stack of names: a tree may be deeper than Python's stack."""

    def __init__(self, device: int, look: Look) -> None:
        self._device = device
        self._look = look
        self._levels: list[_Level] = []

    def empty(self, fd: int) -> None:
        """Delete everything in the folder ``fd``, which is closed afterwards."""
        try:
            self._look()
            self._levels.append(self._level("", fd))
            while True:
                self._look()
                if self._levels[-1].folders:
                    fd = self._into(fd, self._levels[-1].folders.pop())
                elif len(self._levels) > 1:
                    fd = self._out_of(fd, self._levels.pop().name)
                else:
                    return
        finally:
            os.close(fd)

    def _level(self, name: str, fd: int) -> _Level:
        """Delete all but the folders in ``fd``, and note those."""
        found = os.fstat(fd)
        if found.st_dev != self._device:
            raise OSError(errno.EXDEV, "it is on another file system", name)
        self._make_writable(fd, found.st_mode)
        with os.scandir(fd) as entries:
            kinds = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for leaf, folder in kinds:
            if not folder:
                os.unlink(leaf, dir_fd=fd)
        folders = [leaf for leaf, folder in kinds if folder]
        return _Level(name, found.st_dev, found.st_ino, folders)

    def _into(self, fd: int, name: str) -> int:
        child = _open(name, fd)
        try:
            self._levels.append(self._level(name, child))
        except BaseException:
            os.close(child)
            raise
        os.close(fd)
        return child

    def _out_of(self, fd: int, name: str) -> int:
        above = self._levels[-1]
        parent = _open("..", fd)
        try:
            found = os.fstat(parent)
            # Somebody with a descriptor in there could have moved the folder meanwhile, and
            # what is above it now is not ours to empty.
            if (found.st_dev, found.st_ino) != (above.device, above.inode):
                raise OSError(errno.ESTALE, "it was moved while it was deleted", name)
            os.rmdir(name, dir_fd=parent)
        except BaseException:
            os.close(parent)
            raise
        os.close(fd)
        return parent

    @staticmethod
    def _make_writable(fd: int, mode: int) -> None:
        """A folder that its own mode protects (0555) can be emptied by its owner all the same.

        Root is no exception: in a container it may have no CAP_DAC_OVERRIDE.
        """
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(fd, stat.S_IMODE(mode) | stat.S_IRWXU)


def _open(name: str, parent: int | None) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:  # a folder without read permission, of ours
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
        return os.open(name, _FOLDER, dir_fd=parent)
