"""A fresh file system for every round: what an earlier one left behind slows a later one down.

On a disk it goes past the page cache of the file system that holds it, and in memory every byte is
copied once more in a kernel thread: there one ``syncfs`` costs several times what it does on a disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

IMAGE_BYTES: Final = 6 << 30
"""What a file system can hold, unless said otherwise"""

_MEMORY: Final = Path("/dev/shm")
_PATH: Final = "/sbin:/usr/sbin:/bin:/usr/bin"
_TOOLS: Final = ("mkfs.ext4", "losetup", "mount", "umount")


def kind(image: Path | None = None) -> str:
    """What ``fresh`` gives here."""
    if not _able(image.parent if image else _MEMORY, IMAGE_BYTES):
        return "a plain folder"
    return f"ext4 on a loop device {'on a disk, direct I/O' if image else 'in memory'}"


def _able(folder: Path, size: int) -> bool:
    """Whether there may be mounts, and room for what a round writes."""
    if os.geteuid() != 0 or not folder.is_dir():
        return False
    if not all(shutil.which(tool, path=_PATH) for tool in _TOOLS):
        return False
    return shutil.disk_usage(folder).free > size


@contextmanager
def fresh(folder: Path, *, image: Path | None = None, size: int = IMAGE_BYTES) -> Iterator[Path]:
    """An empty file system mounted below ``folder``, gone afterwards.

    Args:
        folder: Where it is mounted.
        image: The file that it is in, and that is left for the next round: deleting it would keep
            its disk busy while the next round is measured. None: in memory.
        size: Bytes that it can hold.
    """
    place = folder / "disk"
    place.mkdir()
    try:
        if _able(image.parent if image else _MEMORY, size):
            with _mounted(place, image, size):
                yield place
        else:
            yield place
    finally:
        shutil.rmtree(place)


@contextmanager
def _mounted(place: Path, image: Path | None, size: int) -> Iterator[None]:
    with ExitStack() as stack:
        file = image or _MEMORY / f"dropship-benchmark-{os.getpid()}"
        with file.open("ab") as made:
            made.truncate(size)
            if image is not None:
                os.posix_fallocate(made.fileno(), 0, size)
        if image is None:
            stack.callback(file.unlink)
        _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard", str(file))
        direct = "on" if image else "off"
        loop = _run("losetup", "--find", "--show", f"--direct-io={direct}", str(file))
        stack.callback(_run, "losetup", "--detach", loop)
        _run("mount", loop, str(place))
        stack.callback(_run, "umount", str(place))
        yield


def _run(*argv: str) -> str:
    done = subprocess.run(
        argv, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "PATH": _PATH}
    )
    return done.stdout.strip()
