"""Keeping what stands at a destination before the first update."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dropship.errors import ActivationError
from dropship.install import adopt as adopting
from dropship.install import release as cards
from dropship.install.activate import current, restore
from dropship.install.adopt import adopt, left_behind, standing
from dropship.install.layout import Layout
from dropship.install.stage import sweep
from dropship.linux import rename
from tests.folders import names
from tests.install.stagings import NOW

NAME = "adopted-20261123T033338Z"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A service whose destination is still somebody's."""
    made = Layout(tmp_path / "srv/api", tmp_path / "srv/.dropship/api")
    made.destination.parent.mkdir()
    return made


@pytest.fixture(params=["exchange", "two steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways there are; the second where a file system cannot exchange."""
    if request.param == "two steps":
        monkeypatch.setattr(rename, "exchange", _cannot)


def _cannot(*_args: Any) -> None:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def test_folder_becomes_a_release(layout: Layout, way: None) -> None:
    """Its files are where they were, by way of the link; the release is known."""
    layout.destination.mkdir(mode=0o750)
    (layout.destination / "data").write_text("precious")
    inode = layout.destination.stat().st_ino
    release = adopt(layout, lambda: NOW)
    assert release is not None
    assert (release.name, release.adopted, release.staged_at) == (NAME, True, NOW)
    assert str(layout.destination.readlink()) == f".dropship/api/releases/{NAME}"
    assert (layout.destination / "data").read_text() == "precious"
    assert layout.release(NAME).stat().st_ino == inode
    assert current(layout) == NAME
    assert cards.read(layout, NAME) == release
    assert not layout.adopting.is_symlink()


def test_file_becomes_a_release(layout: Layout, way: None) -> None:
    """A single file is kept alike."""
    layout.destination.write_text("#!/bin/sh")
    assert adopt(layout, lambda: NOW) is not None
    assert layout.destination.read_text() == "#!/bin/sh"
    assert current(layout) == NAME


@pytest.mark.parametrize("absolute", [True, False])
def test_foreign_link_is_kept_as_a_link(layout: Layout, tmp_path: Path, absolute: bool) -> None:
    """What it led to stays where it is and is reached as before."""
    elsewhere = tmp_path / "opt/api-1"
    elsewhere.mkdir(parents=True)
    (elsewhere / "x").write_text("1")
    layout.destination.symlink_to(elsewhere if absolute else "../opt/api-1")
    assert adopt(layout, lambda: NOW) is not None
    assert layout.release(NAME).is_symlink()
    assert layout.destination.resolve() == elsewhere
    assert current(layout) == NAME
    assert (layout.destination / "x").read_text() == "1"


def test_nothing_and_our_own_link_are_left_alone(layout: Layout) -> None:
    """There is nothing to adopt."""
    assert standing(layout, lambda: NOW) is None
    assert adopt(layout, lambda: NOW) is None
    layout.release("one").mkdir(parents=True)
    restore(layout, "one")
    assert standing(layout, lambda: NOW) is None
    assert adopt(layout, lambda: NOW) is None


def test_what_would_be_adopted_can_be_told_before(layout: Layout) -> None:
    """A journal names it first; the name is then the one that is used."""
    layout.destination.mkdir()
    told = standing(layout, lambda: NOW)
    assert told is not None
    assert layout.destination.is_dir()
    assert adopt(layout, lambda: NOW + 60, told) == told
    assert current(layout) == told.name


def test_crash_in_the_gap_is_mended(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without exchange there is a moment without a destination; the sweep puts the link there."""
    layout.destination.mkdir()
    (layout.destination / "data").write_text("precious")
    with monkeypatch.context() as broken:
        broken.setattr(rename, "exchange", _cannot)
        broken.setattr(adopting, "finish", lambda _layout: None)  # killed just before it
        adopt(layout, lambda: NOW)
        assert not layout.destination.exists()
    sweep(layout, keep=())
    assert (layout.destination / "data").read_text() == "precious"
    assert current(layout) == NAME
    assert not layout.adopting.is_symlink()


def test_crash_before_the_exchange_leaves_nothing(layout: Layout) -> None:
    """The link that waits in ``releases/`` for its exchange is swept, the folder untouched."""
    layout.destination.mkdir()
    layout.releases.mkdir(parents=True)
    layout.release(NAME).symlink_to(f".dropship/api/releases/{NAME}")
    layout.card(NAME).write_text("{}")
    sweep(layout, keep=())
    assert names(layout.releases) == []
    assert layout.destination.is_dir()


def test_move_across_file_systems_is_a_clear_error(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the lower layer of a container's image: nothing is changed, the cure is named."""

    def crosses(*_args: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    layout.destination.mkdir()
    monkeypatch.setattr(rename, "exchange", crosses)
    with pytest.raises(ActivationError, match=r"another file system.*`releasePath`"):
        adopt(layout, lambda: NOW)
    assert layout.destination.is_dir()
    assert names(layout.releases) == []


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a tmpfs")
def test_releases_on_another_file_system_are_refused_for_real(tmp_path: Path) -> None:
    """The kernel says so itself."""
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", other], check=True)
    try:
        layout = Layout(tmp_path / "api", other / "api")
        layout.destination.mkdir()
        with pytest.raises(ActivationError, match=r"another file system"):
            adopt(layout, lambda: NOW)
        assert not layout.destination.is_symlink()
    finally:
        subprocess.run(["umount", other], check=True)


def test_files_that_the_new_release_lacks_are_counted(layout: Layout, tmp_path: Path) -> None:
    """Uploads and the like: the warning names how many."""
    layout.destination.mkdir()
    for name in ("both", "uploads/1", "uploads/2"):
        (layout.destination / name).parent.mkdir(exist_ok=True)
        (layout.destination / name).write_text("")
    adopt(layout, lambda: NOW)
    new = tmp_path / "new"
    new.mkdir()
    (new / "both").write_text("")
    assert left_behind(layout, NAME, new) == 2
    assert left_behind(layout, NAME, new, limit=1) == 1
