"""The demo's store: versions of a little web service, published as a build server would."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "web.tar.gz"
PROGRAM: Final = "server.py"
PAGE: Final = "page.txt"


@dataclass(frozen=True, slots=True)
class Version:
    """One version. ``broken``: it was built without its page, and answers 500."""

    number: int
    broken: bool = False

    @property
    def page(self) -> str:
        """What it answers."""
        return f"Hello, this is version {self.number}."

    def __str__(self) -> str:
        return f"version {self.number}"


def publish(store: Path, version: Version) -> str:
    """Put a version into the store, whole at once; gives its md5.

    Raises:
        OSError: The store cannot be written.
    """
    data = _tarball(version)
    fresh = store / f".{NAME}.new"
    fresh.write_bytes(data)
    # By a rename: whoever reads the store sees the old artifact or the new one.
    fresh.rename(store / NAME)
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _tarball(version: Version) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        _add(archive, PROGRAM, Path(__file__).with_name(PROGRAM).read_bytes())
        if not version.broken:
            _add(archive, PAGE, f"{version.page}\n".encode())
    return target.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mode = 0o644
    archive.addfile(info, io.BytesIO(content))
