"""The file systems that destinations and releases are on: what they can do, tried on the spot."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.config.model import ServiceConfig
from dropship.install.layout import Layout
from dropship.linux import mounts, rename

_CHECK: Final = "destination"
_PREFIX: Final = ".dropship-doctor-"
_CANNOT_EXCHANGE: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_SHARES: Final = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "ceph", "gluster")


def findings(service: ServiceConfig, user: str) -> Iterator[Finding]:
    """Look at the places of a service, as the agent's account, who is called ``user``."""
    layout = Layout.of(service.artifact, service.name)
    name = service.name
    yield from _at(layout.destination, name)
    bad = False
    for folder in dict.fromkeys((_there(layout.destination.parent), _there(layout.root))):
        for one in _folder(folder, name, user):
            bad |= one.state == "failed"
            yield one
    if not bad:
        yield ok(_CHECK, f"{layout.destination}: can be written, links can be switched", name)


def _there(path: Path) -> Path:
    """The folder, or what it would be made in."""
    return next(one for one in (path, *path.parents) if os.path.lexists(one))


def _at(destination: Path, name: str) -> Iterator[Finding]:
    """What stands in the way of a symlink."""
    if not destination.is_symlink() and destination.is_mount():
        yield failed(
            _CHECK,
            f"{destination} is a mount point, which cannot become a symlink",
            name,
            cure="name a destination below it, or mount it elsewhere",
        )
        return
    if destination.is_symlink() or not destination.is_dir():
        return
    inside = mounts.at_or_below(os.fsencode(os.path.realpath(destination)), mounts.points())
    for point in inside:
        yield failed(
            _CHECK,
            f"{os.fsdecode(point)} is mounted inside what is to become a release",
            name,
            cure="unmount it, or keep what it holds outside of the destination",
        )


def _folder(folder: Path, name: str, user: str) -> Iterator[Finding]:
    if not folder.is_dir():
        yield failed(_CHECK, f"{folder} is no folder", name, cure="move it away, or name another")
        return
    flags = os.statvfs(folder).f_flag
    if flags & os.ST_RDONLY:
        cure = "mount it for writing, or name another place"
        yield failed(_CHECK, f"{folder} is on a file system that is read-only", name, cure=cure)
        return
    if flags & os.ST_NOEXEC:
        yield warning(
            _CHECK,
            f"{folder} is mounted noexec: programs in a release do not start there",
            name,
            cure="mount it without noexec, unless nothing of it is to be run directly",
        )
    kind = mounts.kind(folder)
    if kind.startswith(_SHARES):
        yield warning(
            _CHECK,
            f"{folder} is on a share ({kind}): if it hangs, so does what runs from it",
            name,
            cure="put destination and releases on a disk of this host",
        )
    yield from _tried(folder, name, user)


def _tried(folder: Path, name: str, user: str) -> Iterator[Finding]:
    """In a folder beside it that is gone again."""
    try:
        work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    except OSError as error:
        cure = f"let {user} write there" if isinstance(error, PermissionError) else "make room"
        message = f"nothing can be written to {folder}: {error.strerror}"
        yield failed(_CHECK, message, name, cure=cure)
        return
    try:
        yield from _switched(work, folder, name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _switched(work: Path, folder: Path, name: str) -> Iterator[Finding]:
    try:
        (work / "one").symlink_to("a")
        (work / "two").symlink_to("b")
        (work / "two").replace(work / "one")
    except OSError as error:
        message = f"{folder} is on a file system that has no symlinks: {error.strerror}"
        yield failed(_CHECK, message, name, cure="use another file system")
        return
    try:
        (work / "real").mkdir()
        rename.exchange(work / "one", work / "real")
    except OSError as error:
        if error.errno not in _CANNOT_EXCHANGE:
            raise
        yield warning(
            _CHECK,
            f"{folder} is on a file system that cannot exchange names (RENAME_EXCHANGE): a folder "
            "that stands at the destination is taken over in two steps",
            name,
            cure="nothing, unless a real folder is to become a release; then do it in a quiet hour",
        )
