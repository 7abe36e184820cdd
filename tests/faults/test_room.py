"""A disk that is really full."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.host import Host

pytestmark = pytest.mark.endurance


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Host]:
    """A host on 6 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tiny", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield Host(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("floor", ["0%", "5%"])
def test_full_disk_keeps_the_old_release_and_converges_with_room(tiny: Host, floor: str) -> None:
    """The update says that there is no room; with room the next one goes through."""
    tiny.configure(tiny.service(), main=f'min_free = "{floor}"')
    tiny.publish({"version": "1"})
    assert tiny.run("update").returncode == 0
    ballast = tiny.folder / "ballast"
    ballast.write_bytes(bytes(3 << 20))
    noise = random.Random(1).randbytes(2 << 20)
    tiny.publish({"version": "2", "noise": noise})
    full = tiny.run("update")
    assert full.returncode == 1
    said = (full.stderr + full.stdout).replace(str(tiny.folder), "")
    assert "has no room" in said or "disk" in said or "minFree" in said, said
    assert tiny.version() == "1"
    assert tiny.litter() == []
    ballast.unlink()
    assert tiny.run("update").returncode == 0
    assert tiny.version() == "2"
    assert (tiny.destination() / "noise").read_bytes() == noise
    assert tiny.litter() == []
