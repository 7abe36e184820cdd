"""A folder, or a share that is mounted: ``artifact "file" { path = "/mnt/builds/api.tar.gz" }``."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from dropship.core.option import option
from dropship.core.values import Duration, Token
from dropship.errors import MissingError, MovedError, RepoError
from dropship.repos import Body, Found
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced

# What the operator has to mend; anything else, a share that is away say, may pass by itself.
_PERMANENT: Final = {
    errno.EACCES: "it may not be read",
    errno.EPERM: "it may not be read",
    errno.ELOOP: "its symlinks go round in a circle",
    errno.ENAMETOOLONG: "its name is too long",
}
_LONGEST_WAIT: Final = 10.0  # seconds that one question may take
_SKEW: Final = 60.0  # seconds that the clock of a share's host may be behind ours
_MOST_KNOWN: Final = 64


@dataclass(frozen=True, slots=True)
class FileOptions(StoreOptions):
    """Keys of a ``file`` repo."""

    root: Path | None = option(None, doc="Folder that artifacts' paths are relative to.")


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Keys of an artifact in a ``file`` repo."""

    path: str = option(doc="The file; below `root` where the repo has one.")
    settle: Duration = option(
        Duration.of(2), doc="Size and time must hold still for so long before the file is taken."
    )


class FileRepo:
    """Files by path; a file is known by its size, its time and its inode."""

    Options = FileOptions
    Location = FileLocation
    local = True

    def __init__(self, options: FileOptions) -> None:
        self._root = options.root
        self._rate = options.max_rate
        self._settled: dict[Path, Token] = {}
        self._watched: dict[Path, _Watched] = {}

    def find(self, location: FileLocation) -> Found:
        """Look at the file; a fresh one is waited for until it holds still.

        Raises:
            RepoError: It cannot be read, is no regular file, or is still being written.
        """
        path = self._path(location)
        with _told(path):
            status = path.stat()
        _regular(path, status)
        token = self._still(path, status, location.settle.seconds)
        return Found(token=token, source=str(path), name=path.name, size=status.st_size)

    def open(self, location: FileLocation, found: Found, offset: int = 0) -> Body:
        """Open the file, if it still is the one that ``find`` saw.

        Raises:
            MovedError: It is another by now.
            RepoError: It cannot be read.
        """
        path = self._path(location)
        with _told(path):
            # O_NONBLOCK: what was a file a moment ago may be a fifo, which would wait for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            with _told(path):
                status = os.fstat(descriptor)
                _regular(path, status)
                _same(path, status, found.token)
                os.lseek(descriptor, offset, os.SEEK_SET)
        except BaseException:
            os.close(descriptor)
            raise
        return paced(FileBody(path, descriptor, found.token, status.st_size - offset), self._rate)

    def names(self, location: FileLocation, folder: str, begins: str) -> Iterator[str]:
        """What stands in a folder.

        Raises:
            RepoError: It cannot be read.
        """
        place = self._path(replace(location, path=folder or "."))
        try:
            with _told(place), os.scandir(place) as found:
                for one in found:
                    if one.name.startswith(begins):
                        yield one.name + ("/" if _is_folder(one) else "")
        except MissingError:
            return

    def close(self) -> None:
        """Nothing is held between calls."""

    def _path(self, location: FileLocation) -> Path:
        if self._root is not None:
            return self._root / location.path.lstrip("/")
        return Path(location.path).absolute()

    def _still(self, path: Path, status: os.stat_result, settle: float) -> Token:
        """The token, once the file has held still; a clock that is wrong only costs a wait."""
        token, now = _token(status), time.monotonic()
        if self._known(path, token, status, settle):
            return token
        # However old it looks: the times of a share are those of another host's clock.
        seen = self._watched.pop(path, None)
        since = seen.since if seen and seen.token == token else now
        left = settle - (now - since)
        time.sleep(max(0.0, min(left, _LONGEST_WAIT)))
        with _told(path):
            again = _token(path.stat())
        if again == token and left <= _LONGEST_WAIT:
            self._settled[path] = token
            _forget(self._settled)
            return token
        if again == token:
            self._watched[path] = _Watched(token, since)
            _forget(self._watched)
        raise RepoError(f"{path} is still being written")

    def _known(self, path: Path, token: Token, status: os.stat_result, settle: float) -> bool:
        """It held still before, or nothing but a clock that is wrong by minutes would say it did not."""
        aged = time.time() - status.st_mtime >= settle + _SKEW
        return settle == 0 or aged or self._settled.get(path) == token


class _Watched(NamedTuple):
    """What a file was, and since when that is known (``time.monotonic()``)."""

    token: Token
    since: float


def _forget(memo: dict[Path, Any]) -> None:
    """Of many files, those that were looked at first: versions come and go."""
    if len(memo) > _MOST_KNOWN:
        del memo[next(iter(memo))]


class FileBody:
    """The bytes of a file, as many as it had when it was found."""

    def __init__(self, path: Path, descriptor: int, token: Token, left: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._token = token
        self._left = left

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer``; 0 at the end, where it must still be the same file.

        Raises:
            MovedError: It was written to meanwhile.
            RepoError: It cannot be read.
        """
        if self._left == 0:
            with _told(self._path):
                _same(self._path, os.fstat(self._descriptor), self._token)
            return 0
        with _told(self._path):
            count = os.readv(self._descriptor, [buffer[: self._left]])
        if count == 0:
            raise MovedError(f"{self._path} became shorter while it was read")
        self._left -= count
        return count

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _told:  # noqa: N801 - reads as a statement: with _told(path)
    """Tells what the kernel says of a path in words, as a ``RepoError``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to do before."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, OSError):
            return
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise MissingError(
                f"{self._path}: there is no such file", cure="check the artifact's path"
            ) from error
        words = _PERMANENT.get(error.errno or 0)
        raise RepoError(
            f"{self._path}: {words or error.strerror}",
            cure="check the artifact's path" if words else "",
            permanent=words is not None,
        ) from error


def _is_folder(one: os.DirEntry[str]) -> bool:
    try:
        return one.is_dir()
    except OSError:  # one symlink that leads in a circle does not hide all the rest
        return False


def _regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise RepoError(f"{path} is {kind}", cure="name a file", permanent=True)


def _token(status: os.stat_result) -> Token:
    return Token(f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}")


def _same(path: Path, status: os.stat_result, token: Token) -> None:
    if _token(status) != token:
        raise MovedError(f"{path} changed while it was read")
