"""A fresh file system for every round: what an earlier one left behind slows a later one down."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_IMAGE_BYTES: Final = 6 << 30
_MEMORY: Final = Path("/dev/shm")


def kind() -> str:
    """What ``fresh`` gives here."""
    return "ext4 on a loop device in memory" if _able() else "a plain folder"


def _able() -> bool:
    """Whether there may be mounts, and room for what a round writes."""
    if os.geteuid() != 0 or not _tools() or not _MEMORY.is_dir():
        return False
    return shutil.disk_usage(_MEMORY).free > _IMAGE_BYTES


def _tools() -> bool:
    return all(
        shutil.which(tool, path="/sbin:/usr/sbin:/bin:/usr/bin") for tool in ("mkfs.ext4", "mount")
    )


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """An empty file system, gone afterwards."""
    place = folder / "disk"
    place.mkdir()
    if not _able():
        try:
            yield place
        finally:
            shutil.rmtree(place)
        return
    image = _MEMORY / f"dropship-benchmark-{os.getpid()}"
    with image.open("wb") as file:
        file.truncate(_IMAGE_BYTES)
    _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard", str(image))
    _run("mount", "-o", "loop", str(image), str(place))
    try:
        yield place
    finally:
        _run("umount", str(place))
        place.rmdir()
        with suppress(FileNotFoundError):
            image.unlink()


def _run(*argv: str) -> None:
    path = f"/sbin:/usr/sbin:{os.environ.get('PATH', '')}"
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PATH": path})
