"""Putting a new text in a file's place: all of it or nothing, and the file stays the same file.

Its mode, owner and extended attributes are kept, and a link is followed, so that whoever could
read it still can. What is written lies beside it first, under a name that nobody reads.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from dropship.errors import ConfigError
from dropship.install.durable import sync_folder

_DRAFT: Final = ".dropship-fmt-"
_WHO: Final = "run it as a user who may change it"


def rewrite(path: Path, content: bytes) -> None:
    """Give an existing file a new content, through a link if it is one.

    Raises:
        ConfigError: It cannot be written; it is as it was.
    """
    try:
        _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        cure = _WHO if isinstance(error, PermissionError) else ""
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}", cure=cure
        ) from error


def _replace(target: Path, content: bytes) -> None:
    if not os.access(target, os.W_OK):  # a file in a folder that is writable could be replaced
        raise PermissionError(0, "it is read-only")
    fd, draft = tempfile.mkstemp(prefix=_DRAFT, dir=target.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            _resemble(file.fileno(), target)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink()
        raise
    with suppress(OSError):  # the file is replaced, whether or not that survives a power cut
        sync_folder(target.parent)


def _resemble(fd: int, target: Path) -> None:
    status = target.stat()
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.fstat(fd).st_gid):
        try:
            os.fchown(fd, status.st_uid, status.st_gid)
        except PermissionError as error:
            raise PermissionError(0, "its owner and group could not be kept") from error
    # What a file system does not have cannot be lost there.
    with suppress(OSError):
        for name in os.listxattr(target):
            with suppress(OSError):
                os.setxattr(fd, name, os.getxattr(target, name))
    os.fchmod(fd, status.st_mode & 0o7777)
