"""``dropship unpack``: would the agent take this artifact? Its own extraction, on a local file.

Needs no configuration and no state. What is unpacked stands beside DEST until it is whole.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.cli import arguments
from dropship.cli.alone import Alone
from dropship.core.entry import Rules
from dropship.core.format import AUTO
from dropship.core.values import Size
from dropship.errors import (
    DropshipError,
    NoSpaceError,
    RefusedError,
    RepoError,
    StageError,
    UsageError,
)
from dropship.install.fetch import Fetch, Fetched
from dropship.install.plan import TREE, Plan, Report, Word
from dropship.install.remove import remove
from dropship.install.unpacker import Unpacker
from dropship.linux import process

_DESCRIPTION: Final = """\
Unpacks ARCHIVE into DEST with the agent's own sandboxed extraction and its default limits: is
this artifact acceptable? DEST must be absent or an empty folder; for a single file it becomes
that file. A refused archive leaves DEST as it was.
Exit code 0: accepted; 1: refused; 2: DEST or ARCHIVE will not do."""

_EXAMPLES: Final = """\
examples:
  dropship unpack build/api.tar.gz /tmp/look
  dropship unpack --strip 1 --format json api-2.1.tar.gz /tmp/look"""

_SECONDS: Final = 3600.0
_FOLDER_MODE: Final = 0o755
_FILE_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is printed."""

    accepted: bool
    entries: int
    bytes: int
    md5: str
    sha256: str
    layers: tuple[str, ...]
    error: str | None


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "archive", metavar="ARCHIVE", type=arguments.path, help="the artifact, a local file"
    )
    parser.add_argument("dest", metavar="DEST", type=arguments.path, help="where to unpack it")
    parser.add_argument(
        "--strip",
        metavar="N",
        type=arguments.count,
        default=0,
        help="drop N leading parts of every name (stripComponents)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of the result")


def run(args: argparse.Namespace) -> int:
    """Unpack; 0 accepted, 1 refused."""
    destination = _usable(args.dest)
    with _opened(args.archive) as archive, _beside(destination) as work:
        outcome = _unpack(archive, work, args.archive.name, args.strip)
        if outcome.accepted:
            _deliver(work / TREE, destination)
    _print(outcome, as_json=args.format == "json", name=args.archive.name)
    return 0 if outcome.accepted else 1


class _LocalFile:
    """The archive as a ``Body``."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self._name = name

    def readinto(self, buffer: memoryview) -> int:
        """As ``Body``."""
        try:
            return os.readv(self._fd, [buffer])
        except OSError as error:
            raise RepoError(
                f"{self._name} cannot be read: {error.strerror}", permanent=True
            ) from error

    def close(self) -> None:
        """Whoever opened the file closes it."""


def _unpack(archive: _LocalFile, work: Path, name: str, strip: int) -> _Outcome:
    folder = work / "stage"
    folder.mkdir(mode=0o700)
    umask = process.umask()
    plan = Plan(
        folder=folder,
        said=AUTO,
        config_type="",
        store_type="",
        name=name,
        rules=Rules(strip=strip),
        file_mode=_FILE_MODE & ~umask,
        umask=umask,
        seconds=_SECONDS,
    )
    watch = Alone()
    fetch = Fetch(open=lambda _offset: archive, total=None, watch=watch, check=watch.look)
    with Unpacker(plan) as unpacker:
        try:
            fetched = fetch.into(unpacker)
            said = unpacker.result()
        except (StageError, NoSpaceError) as error:
            return _failure(unpacker, error)
    if said.word is Word.DONE:
        (folder / TREE).rename(work / TREE)
    return _outcome(said, fetched, unpacker.layers)


def _outcome(said: Report, fetched: Fetched, layers: tuple[str, ...]) -> _Outcome:
    accepted = said.word is Word.DONE
    return _Outcome(
        accepted=accepted,
        entries=said.entries,
        bytes=said.size,
        md5=fetched.digest.md5,
        sha256=fetched.digest.sha256,
        layers=layers,
        error=None if accepted else str(RefusedError(said.message, cure=said.cure)),
    )


def _failure(unpacker: Unpacker, error: DropshipError) -> _Outcome:
    return _Outcome(
        accepted=False,
        entries=unpacker.entries,
        bytes=unpacker.size,
        md5="",
        sha256="",
        layers=unpacker.layers,
        error=str(error),
    )


def _deliver(tree: Path, destination: Path) -> None:
    """Put what is whole where it was asked for."""
    try:
        if not tree.is_dir():
            if destination.is_dir():
                destination.rmdir()
            tree.rename(destination)
        elif destination.is_dir():
            _move_into(tree, destination)
        else:
            tree.chmod(_FOLDER_MODE & ~process.umask())
            tree.rename(destination)
    except OSError as error:
        raise DropshipError(
            f"{destination} could not be filled: {error.strerror}",
            cure="name a folder that is not there yet, and no mount point",
        ) from error


def _move_into(tree: Path, destination: Path) -> None:
    """Fill an empty folder that may be somebody's working directory; all of it or nothing."""
    try:
        for one in list(tree.iterdir()):
            one.rename(destination / one.name)
    except OSError:
        for one in list(destination.iterdir()):
            remove(one)
        raise


def _usable(dest: Path) -> Path:
    """DEST without symlinks on the way.

    Raises:
        UsageError: It is neither absent nor an empty folder.
    """
    destination = Path(os.path.realpath(dest))
    if dest.is_symlink() and not destination.exists():
        raise UsageError(f"{dest} is a link that leads nowhere", cure="name where it should lead")
    try:
        if destination.is_dir() and not any(destination.iterdir()):
            return destination
        if not os.path.lexists(destination) and destination.parent.is_dir():
            return destination
    except OSError as error:
        raise UsageError(f"{dest} cannot be looked into: {error.strerror}") from error
    if os.path.lexists(destination):
        raise UsageError(f"{dest} is there already", cure="name an empty folder, or one to be made")
    raise UsageError(f"there is no folder {dest.parent} to unpack in", cure="make it first")


@contextmanager
def _opened(path: Path) -> Iterator[_LocalFile]:
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder", cure="name an archive")
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}") from error
    except OSError as error:
        raise DropshipError(f"{path} cannot be read: {error.strerror}") from error
    try:
        yield _LocalFile(fd, str(path))
    finally:
        os.close(fd)


@contextmanager
def _beside(destination: Path) -> Iterator[Path]:
    """A folder on the same file system, gone afterwards."""
    work = destination.with_name(f".{destination.name}.dropship-{secrets.token_hex(4)}")
    try:
        work.mkdir(mode=0o700)
    except OSError as error:
        raise DropshipError(
            f"nothing can be unpacked beside {destination}: {error.strerror}",
            cure=f"let user {os.geteuid()} write to {destination.parent}",
        ) from error
    try:
        yield work
    finally:
        remove(work)


def _print(outcome: _Outcome, *, as_json: bool, name: str) -> None:
    if as_json:
        fields = (slot for slot in _Outcome.__slots__)
        print(json.dumps({field: getattr(outcome, field) for field in fields}))
        return
    print(f"{name}: {'accepted' if outcome.accepted else 'refused'}")
    print(f"  entries {outcome.entries}")
    print(f"  bytes   {outcome.bytes} ({Size(outcome.bytes)})")
    print(f"  md5     {outcome.md5}")
    print(f"  sha256  {outcome.sha256}")
    print(f"  sandbox {', '.join(outcome.layers) or 'none'}")
    if outcome.error:
        print(f"dropship: {outcome.error}", file=sys.stderr)
