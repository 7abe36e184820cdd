"""A store in one ZIP file: ``artifact "shelf" { path = "api.tar.gz" }``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from dropship.core.checksum import Checksum
from dropship.core.option import option
from dropship.core.values import Token
from dropship.errors import MissingError, MovedError, RepoError
from dropship.repos import Body, Found
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced


@dataclass(frozen=True, slots=True)
class ShelfOptions(StoreOptions):
    """Keys of a ``shelf`` repo."""

    file: str = option(doc="The ZIP file.")


@dataclass(frozen=True, slots=True)
class ShelfLocation:
    """Keys of an artifact in a ``shelf`` repo."""

    path: str = option(doc="The artifact's name in the ZIP file.")


class ShelfRepo:
    """Members of a ZIP file, known by what the file says of them."""

    Options = ShelfOptions
    Location = ShelfLocation

    def __init__(self, options: ShelfOptions) -> None:
        self._file = options.file
        self._rate = options.max_rate

    def find(self, location: ShelfLocation) -> Found:
        """Look it up."""
        with self._told(location), ZipFile(self._file) as shelf:
            info = shelf.getinfo(location.path)
        return Found(
            token=_token(info),
            source=self._source(location),
            name=PurePosixPath(location.path).name,
            size=info.file_size,
            checksums=(Checksum("crc32", f"{info.CRC:08x}"),),
        )

    def open(self, location: ShelfLocation, found: Found, offset: int = 0) -> Body:
        """Open the member, if it still is the one that was found."""
        with self._told(location):
            body = ShelfBody(ZipFile(self._file), found.source)
        try:
            with self._told(location):
                body.begin(location.path, found.token, offset)
        except BaseException:
            body.close()
            raise
        return paced(body, self._rate)

    def names(self, location: ShelfLocation, folder: str, begins: str) -> Iterator[str]:
        """What stands in a folder of the ZIP file."""
        with self._told(location), ZipFile(self._file) as shelf:
            inside = [one[len(folder) :] for one in shelf.namelist() if one.startswith(folder)]
        level = {first + slash for first, slash, _ in (one.partition("/") for one in inside)}
        return (name for name in sorted(level) if name.startswith(begins))

    def close(self) -> None:
        """Nothing is held between calls."""

    def _source(self, location: ShelfLocation) -> str:
        return f"{self._file}:{location.path}"

    @contextmanager
    def _told(self, location: ShelfLocation) -> Iterator[None]:
        """Tells what goes wrong as a ``RepoError``; ``permanent`` is what only people can mend."""
        try:
            yield
        except KeyError as error:
            raise MissingError(
                f"{self._source(location)}: there is no such artifact",
                cure="check the artifact's path",
            ) from error
        except (OSError, BadZipFile) as error:
            raise RepoError(f"{self._source(location)}: {error}") from error


class ShelfBody:
    """The bytes of a member, on their way."""

    def __init__(self, shelf: ZipFile, source: str) -> None:
        self._shelf = shelf
        self._source = source

    def begin(self, name: str, token: Token, offset: int) -> None:
        """Go to where reading begins."""
        info = self._shelf.getinfo(name)
        if _token(info) != token:
            raise MovedError(f"{self._source} changed since it was looked at")
        self._member = self._shelf.open(info)
        self._member.seek(offset)

    def readinto(self, buffer: memoryview) -> int:
        """Some bytes; 0 at the end."""
        try:
            piece = self._member.read(len(buffer))
        except (OSError, EOFError, BadZipFile) as error:
            raise RepoError(f"{self._source}: {error}") from error
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._shelf.close()


def _token(info: ZipInfo) -> Token:
    return Token(f"{info.CRC:08x}-{info.file_size}-{'.'.join(map(str, info.date_time))}")
