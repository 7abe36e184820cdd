"""Deleting: which releases go, and how a tree goes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dropship.errors import StageError
from dropship.install import release as cards
from dropship.install.activate import restore
from dropship.install.layout import Layout
from dropship.install.remove import remove
from dropship.install.retention import prune
from tests.folders import names
from tests.install.stagings import CountingWatch


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A service with three releases and an adopted one."""
    made = Layout(tmp_path / "srv/api", tmp_path / "srv/.dropship/api")
    for name in ("one", "two", "three", "adopted-20200101T000000Z"):
        made.release(name).mkdir(parents=True)
        (made.release(name) / "x").write_text(name)
        made.card(name).write_text("{}")
    return made


def test_prune_keeps_the_named_the_current_and_the_adopted(layout: Layout) -> None:
    """Everything else goes with its card, and nothing is left in ``staging/``."""
    restore(layout, "two")
    prune(layout, keep=["three"])
    assert cards.names(layout) == ["adopted-20200101T000000Z", "three", "two"]
    assert not layout.card("one").exists()
    assert names(layout.staging) == []


def test_release_leaves_before_it_is_deleted(layout: Layout) -> None:
    """A kill at any point leaves no half release that could be gone back to."""

    class KilledError(Exception):
        """The end."""

    def die() -> None:
        raise KilledError

    with pytest.raises(KilledError):
        prune(layout, keep=["two", "three"], watch=CountingWatch(on_look=die))
    assert "one" not in cards.names(layout)
    assert names(layout.staging) == ["pruned-one"]
    assert (layout.staging / "pruned-one/x").exists()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("bind", [False, True])
def test_prune_never_crosses_a_mount(layout: Layout, tmp_path: Path, bind: bool) -> None:
    """A release with something mounted in it stays, also if it is of the same file system."""
    point, data = layout.release("one") / "data", tmp_path / "data"
    point.mkdir()
    data.mkdir()
    (data / "precious").write_text("")
    how = ["--bind", data] if bind else ["-t", "tmpfs", "tmpfs"]
    subprocess.run(["mount", *how, point], check=True)
    try:
        prune(layout, keep=[])
        assert cards.names(layout) == ["adopted-20200101T000000Z", "one"]
        with pytest.raises(OSError, match="mounted"):
            remove(layout.release("one"))
    finally:
        subprocess.run(["umount", point], check=True)
    assert (data / "precious").exists()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="chattr +i is root's")
def test_release_that_cannot_be_deleted_is_told_and_the_rest_goes(layout: Layout) -> None:
    """The update itself is not in question; the next sweep tries again."""
    stuck = layout.release("one") / "x"
    if subprocess.run(["chattr", "+i", stuck], check=False, capture_output=True).returncode:
        pytest.skip("no immutable files on this file system")
    moved = layout.staging / "pruned-one" / "x"
    try:
        with pytest.raises(StageError, match="could not be deleted"):
            prune(layout, keep=[])
        assert cards.names(layout) == ["adopted-20200101T000000Z"]
    finally:
        subprocess.run(["chattr", "-i", moved if moved.exists() else stuck], check=True)


def test_remove_follows_no_link_and_minds_no_mode(users_folder: Path) -> None:
    """Links go, what they lead to stays; folders without permissions go too."""
    outside = users_folder / "outside"
    outside.mkdir()
    (outside / "precious").write_text("")
    tree = users_folder / "tree"
    (tree / "closed/inner").mkdir(parents=True)
    (tree / "link").symlink_to(outside)
    (tree / "closed/inner/link").symlink_to("../../../outside/precious")
    os.mkfifo(tree / "fifo")
    (tree / "closed/inner").chmod(0)
    (tree / "closed").chmod(0o500)
    before = os.geteuid()
    if before == 0:
        subprocess.run(["chown", "-hR", "65534", tree], check=True)
        os.seteuid(65534)
    try:
        remove(tree)
    finally:
        os.seteuid(before)
    assert not tree.exists()
    assert (outside / "precious").exists()


def test_remove_copes_with_deep_and_wide_trees(tmp_path: Path) -> None:
    """Deeper than Python's stack and longer than a path may be."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(300):
        (tree / f"d{number}").mkdir()
    fd = os.open(tree, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=fd)
        inner = os.open("deep", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    remove(tree)
    assert not tree.exists()
    remove(tree)


def test_remove_does_not_follow_a_folder_that_is_moved_away(tmp_path: Path) -> None:
    """Somebody inside could move it; what is above it then is not ours to empty."""
    tree, refuge = tmp_path / "tree", tmp_path / "refuge"
    (tree / "a/b").mkdir(parents=True)
    refuge.mkdir()
    (refuge / "precious").write_text("")
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:  # inside of a/b
            (tree / "a/b").rename(refuge / "b")

    with pytest.raises(OSError, match="moved while"):
        remove(tree, look)
    assert (refuge / "precious").exists()
