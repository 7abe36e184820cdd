"""Writing a release's files: every name relative to the descriptor of its own folder.

The tree starts as an empty folder that nobody else writes to. Each folder is opened from the one
above with O_NOFOLLOW, each file made with O_EXCL: whatever the judge might have missed, no path
is ever followed through a link. Folders get their modes and times last, the deepest first.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from typing import Final

from dropship.archives import Hole, Piece
from dropship.core.entry import Entry, Kind, Place, refuse

_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CANNOT: Final = (errno.EMLINK, errno.ENAMETOOLONG, errno.EILSEQ, errno.EFBIG)
"""What no later attempt would change: links, names and sizes that are too much for a file system."""
_OWNER_ALL: Final = 0o700
_COMPARE_BYTES: Final = 1 << 20
# More than twice the deepest path: two folders that were just asked for are both still open.
_OPEN_FOLDERS: Final = 320


class Tree:
    """A folder that is being filled. The process's umask must be 0 while it is.

    ``umask`` is the one that counts for folders which no entry names; ``wrote`` hears of each
    piece how long it is. One that makes no folders finds all of them there.
    """

    def __init__(
        self, root: int, umask: int, wrote: Callable[[int], None], *, makes_folders: bool = True
    ) -> None:
        self._root = root
        self._umask = umask
        self._makes_folders = makes_folders
        self.wrote = wrote
        self._implied = 0o777 & ~umask & ~0o022
        self._open: dict[bytes, int] = {}  # the one used last at the end
        self._last = b""
        # Of folders: mode to set at the end (None: it has it already) and time.
        self._folders: dict[bytes, tuple[int | None, int | None]] = {}

    def put(self, entry: Entry, place: Place, body: Iterator[Piece]) -> None:
        """Make what an entry stands for, where the judge says.

        Raises:
            RefusedError: It is there already, and different.
            OSError: The disk is full, broken, or cannot hold it.
        """
        try:
            if entry.kind is Kind.FILE:
                self._put_file(entry, place, body)
            elif entry.kind is Kind.FOLDER:
                self._put_folder(place)
            elif not place.again:
                self._put_link(entry, place)
        except OSError as error:
            _refuse_where_the_entry_is_at_fault(entry, error)
            raise

    def beside(self) -> Tree:
        """The same for another process, which only puts files into folders that are there."""
        return Tree(self._root, self._umask, lambda _count: None, makes_folders=False)

    def reach(self, entry: Entry, place: Place) -> None:
        """Have the folder there that an entry is about to be put into.

        Raises:
            RefusedError, OSError: As ``put``.
        """
        try:
            self._folder(place.folder)
        except OSError as error:
            _refuse_where_the_entry_is_at_fault(entry, error)
            raise

    def finish(self) -> None:
        """Set what had to wait until nothing is written into folders any more.

        Raises:
            OSError: The file system refused.
        """
        for path in sorted(self._folders, key=lambda path: path.count(b"/"), reverse=True):
            if path:
                self._finish_folder(path)
        self.close()
        if b"" in self._folders:
            mode, mtime = self._folders[b""]
        else:
            mode, mtime = self._implied, None
        if mode is not None:
            os.fchmod(self._root, mode | _OWNER_ALL)
        if mtime is not None:
            os.utime(self._root, ns=(mtime, mtime))

    def close(self) -> None:
        """Close what is open of folders; the root stays."""
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()

    # --- files --------------------------------------------------------------------------------

    def _put_file(self, entry: Entry, place: Place, body: Iterator[Piece]) -> None:
        folder = self._folder(place.folder)
        if place.again:
            self._compare(entry, place, body, folder)
            return
        # The umask is 0: the mode is set by the same call that makes the file.
        fd = os.open(place.name, _FILE, place.mode, dir_fd=folder)
        try:
            self._fill(fd, body)
            if place.mtime_ns is not None:
                os.utime(fd, ns=(place.mtime_ns, place.mtime_ns))
        finally:
            os.close(fd)

    def _fill(self, fd: int, body: Iterator[Piece]) -> None:
        """Write a new file's contents; a hole is skipped, so that it takes no room."""
        hole = False
        for piece in body:
            hole = isinstance(piece, Hole)
            if isinstance(piece, Hole):
                os.lseek(fd, piece.length, os.SEEK_CUR)
            else:
                write(fd, piece)
                self.wrote(len(piece))
        if hole:
            os.ftruncate(fd, os.lseek(fd, 0, os.SEEK_CUR))

    def _compare(self, entry: Entry, place: Place, body: Iterator[Piece], folder: int) -> None:
        """The archive has it twice: nothing can happen to it, if both are the same."""
        # Its own mode may forbid even its owner to read it.
        mode = os.stat(place.name, dir_fd=folder, follow_symlinks=False).st_mode & 0o777
        if not mode & 0o400:
            os.chmod(place.name, mode | 0o400, dir_fd=folder)
        fd = os.open(place.name, _READ, dir_fd=folder)
        try:
            os.fchmod(fd, mode)
            same = all(_reads(fd, piece) for piece in body)
            if not same or os.read(fd, 1):
                refuse(entry.name, "the archive has it twice, with different contents")
        finally:
            os.close(fd)

    def _put_link(self, entry: Entry, place: Place) -> None:
        folder = self._folder(place.folder)
        if entry.kind is Kind.HARD_LINK:
            os.link(
                place.link_name,
                place.name,
                src_dir_fd=self._folder(place.link_folder),
                dst_dir_fd=folder,
                follow_symlinks=False,
            )
            return
        os.symlink(entry.target, place.name, dir_fd=folder)
        if place.mtime_ns is not None:
            times = (place.mtime_ns, place.mtime_ns)
            os.utime(place.name, ns=times, dir_fd=folder, follow_symlinks=False)

    # --- folders ------------------------------------------------------------------------------

    def _put_folder(self, place: Place) -> None:
        path = _join(place.folder, place.name)
        mode: int | None = place.mode
        if path and path not in self._folders:
            self._make(path, place.mode)
            # Where the owner's permissions are not all there it must wait: files are to come.
            mode = None if place.mode & _OWNER_ALL == _OWNER_ALL else place.mode
        self._folders[path] = (mode, place.mtime_ns)

    def _make(self, path: bytes, mode: int) -> None:
        above, _, name = path.rpartition(b"/")
        os.mkdir(name, mode | _OWNER_ALL, dir_fd=self._folder(above))
        self._folders[path] = (None, None)

    def _folder(self, path: bytes) -> int:
        """A descriptor of a folder, which is made where no entry named it before."""
        if not path:
            return self._root
        fd = self._open.get(path)
        if fd is None:
            fd = self._open_folder(path)
        elif path != self._last:
            self._open[path] = self._open.pop(path)
        self._last = path
        return fd

    def _open_folder(self, path: bytes) -> int:
        if self._makes_folders and path not in self._folders:
            self._make(path, self._implied)
        above, _, name = path.rpartition(b"/")
        fd = os.open(name, _FOLDER, dir_fd=self._folder(above))
        if len(self._open) >= _OPEN_FOLDERS:
            unused_longest = next(iter(self._open))
            os.close(self._open.pop(unused_longest))
        self._open[path] = fd
        return fd

    def _finish_folder(self, path: bytes) -> None:
        mode, mtime = self._folders[path]
        if mtime is None and mode is None:
            return
        above, _, name = path.rpartition(b"/")
        folder = self._folder(above)
        if mtime is not None:
            os.utime(name, ns=(mtime, mtime), dir_fd=folder, follow_symlinks=False)
        if mode is not None:
            os.fchmod(self._folder(path), mode)


def _refuse_where_the_entry_is_at_fault(entry: Entry, error: OSError) -> None:
    if error.errno == errno.EEXIST:
        # The judge knew of none: the file system takes two names for one (case, Unicode).
        refuse(entry.name, "for this file system another entry has the same name")
    if error.errno in _CANNOT:
        refuse(entry.name, f"this file system cannot hold it: {error.strerror}")


def _join(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def write(fd: int, piece: bytes | memoryview) -> None:
    """Write all of it, or raise OSError."""
    done = os.write(fd, piece)
    while done < len(piece):
        more = os.write(fd, memoryview(piece)[done:])
        if not more:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done += more


def _reads(fd: int, piece: Piece) -> bool:
    """Whether the next bytes of a file are these."""
    if not isinstance(piece, Hole):
        return _read(fd, len(piece)) == piece
    left = piece.length
    while left and (part := os.read(fd, min(left, _COMPARE_BYTES))) and not part.strip(b"\0"):
        left -= len(part)
    return not left


def _read(fd: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(fd, count)
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
