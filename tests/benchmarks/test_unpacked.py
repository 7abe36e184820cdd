"""The .deb that the benchmark of starts unpacks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dropship import __version__
from tests.benchmarks import unpacked

ROOT = Path(__file__).parents[2]
CONTROL = """\
Package: trial
Version: 1
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: for a test
"""


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A folder with a package of the program: its launcher and itself."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    tree = tmp_path / "tree"
    (tree / "usr/bin").mkdir(parents=True)
    shutil.copy(ROOT / "packaging/bin/dropship", tree / "usr/bin")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "dropship", tree / "usr/lib/dropship/site/dropship", ignore=ignored)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(CONTROL)
    (tmp_path / "dist").mkdir()
    built = tmp_path / "dist/trial_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, built], check=True, stdout=subprocess.DEVNULL)
    return built.parent


def test_unpacked_package_runs_compiled_and_from_its_own_folder(dist: Path, tmp_path: Path) -> None:
    """Nothing of this checkout is in the way, and nothing is compiled again at each start."""
    if unpacked.lacking(dist):
        pytest.skip(unpacked.lacking(dist))
    # What the bare system has: nothing of the program, and of this interpreter's surroundings.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    deb = unpacked.unpack(tmp_path / "deb", dist)
    command = deb.command("version")
    done = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"dropship {__version__}\n"
    caches = tmp_path / "deb/usr/lib/dropship/site/dropship/__pycache__"
    assert list(caches.glob("__main__.*.pyc"))


def test_folder_without_a_package_is_told_of(tmp_path: Path) -> None:
    """Which is how the benchmark leaves it out by name."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    assert "no .deb" in unpacked.lacking(tmp_path)
