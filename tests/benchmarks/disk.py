"""A fresh file system for every round: what an earlier one left behind slows a later one down.

It lies on a real disk, past the page cache of the file system that holds it: a loop device in
memory, or over a page cache, copies every byte once more in a kernel thread, which makes one
``syncfs`` cost several times what it does on a disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

_IMAGE_BYTES: Final = 6 << 30
_PATH: Final = "/sbin:/usr/sbin:/bin:/usr/bin"


def kind(folder: Path) -> str:
    """What ``fresh`` gives there."""
    return "ext4 on a loop device with direct I/O" if _able(folder) else "a plain folder"


def _able(folder: Path) -> bool:
    """Whether there may be mounts, and room for what a round writes."""
    tools = ("mkfs.ext4", "losetup", "mount", "umount")
    if os.geteuid() != 0 or not all(shutil.which(tool, path=_PATH) for tool in tools):
        return False
    return shutil.disk_usage(folder).free > _IMAGE_BYTES


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """An empty file system, gone afterwards."""
    place = folder / "disk"
    place.mkdir()
    try:
        if _able(folder):
            with _mounted(folder / "image", place):
                yield place
        else:
            yield place
    finally:
        shutil.rmtree(place)


@contextmanager
def _mounted(image: Path, place: Path) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(image.unlink)
        with image.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard", str(image))
        loop = _run("losetup", "--find", "--show", "--direct-io=on", str(image))
        stack.callback(_run, "losetup", "--detach", loop)
        _run("mount", loop, str(place))
        stack.callback(_run, "umount", str(place))
        yield


def _run(*argv: str) -> str:
    done = subprocess.run(
        argv, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "PATH": _PATH}
    )
    return done.stdout.strip()
