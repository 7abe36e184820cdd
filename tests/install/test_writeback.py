"""Writing out while a tree grows: what could not be written is never taken for written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.install.writeback import Writeback
from tests.install.stagings import wait_for

LIMIT = 16 << 20


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[int]:
    """A folder on an ext4 that promises more than the memory behind it can hold."""
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    memory.mkdir()
    disk.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={LIMIT}", "memory", str(memory))
    try:
        image = memory / "image"
        with image.open("wb") as file:
            file.truncate(8 * LIMIT)
        _run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "nodiscard", str(image))
        _run("mount", "-o", "loop", str(image), str(disk))
        try:
            folder = os.open(disk, os.O_RDONLY | os.O_DIRECTORY)
            yield folder
            os.close(folder)
        finally:
            _run("umount", str(disk))
    finally:
        _run("umount", str(memory))


def _run(*argv: str) -> None:
    environ = {**os.environ, "PATH": f"/sbin:/usr/sbin:{os.environ['PATH']}"}
    subprocess.run(argv, check=True, env=environ)


@pytest.mark.root
def test_failure_in_the_middle_is_told_at_the_end(failing: int) -> None:
    """The kernel tells each description of it once: the thread's own must not use it up."""
    before = _threads()
    writeback = Writeback(failing)
    content = os.urandom(1 << 20)
    file = os.open("large", os.O_WRONLY | os.O_CREAT, dir_fd=failing)
    for _ in range(2 * LIMIT >> 20):
        os.write(file, content)
        writeback.wrote(len(content))
    os.close(file)
    wait_for(lambda: _threads() <= before)  # it ends when it fails
    with pytest.raises(OSError, match=r"Input/output error|No space left"):
        writeback.finish()


def _threads() -> set[str]:
    """Of this process, by number."""
    return {one.name for one in Path("/proc/self/task").iterdir()}
