"""The switch, and what stands in its way."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.core.values import Release
from dropship.errors import ActivationError
from dropship.install.activate import StagedRelease, activate, current, probe, restore
from dropship.install.layout import Layout
from tests.folders import names


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A service with two releases, none of them current."""
    made = Layout(tmp_path / "srv/api", tmp_path / "srv/.dropship/api")
    for name in ("one", "two"):
        made.release(name).mkdir(parents=True)
        (made.release(name) / "which").write_text(name)
    return made


def staged(layout: Layout, name: str) -> StagedRelease:
    """A release as ``stage`` gives it."""
    return StagedRelease(Release(name), layout.release(name))


def test_first_activation_makes_a_relative_link(layout: Layout) -> None:
    """So that the whole folder can be moved or mounted elsewhere."""
    assert current(layout) is None
    activate(layout, staged(layout, "one"))
    assert str(layout.destination.readlink()) == ".dropship/api/releases/one"
    assert current(layout) == "one"
    assert names(layout.destination.parent) == [".dropship", "api"]


def test_switch_there_and_back(layout: Layout) -> None:
    """``restore`` is the same step towards a release that was there before."""
    activate(layout, staged(layout, "one"))
    activate(layout, staged(layout, "two"))
    assert (layout.destination / "which").read_text() == "two"
    restore(layout, "one")
    assert (layout.destination / "which").read_text() == "one"


def test_destination_is_never_missing_while_it_is_switched(layout: Layout) -> None:
    """Whoever looks at any moment finds one of the two, whole."""
    activate(layout, staged(layout, "one"))
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.add((layout.destination / "which").read_text())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(300):
            restore(layout, "two")
            restore(layout, "one")
    finally:
        over.set()
        watcher.join()
    assert seen <= {"one", "two"}
    assert seen


def test_releases_elsewhere_are_reached_by_the_real_way(tmp_path: Path) -> None:
    """A destination whose folder is a symlink: the link's text counts from where it really is."""
    (tmp_path / "data/deep/srv").mkdir(parents=True)
    (tmp_path / "srv").symlink_to("data/deep/srv")
    layout = Layout(tmp_path / "srv/api", tmp_path / "elsewhere/api")
    layout.release("one").mkdir(parents=True)
    restore(layout, "one")
    assert str(layout.destination.readlink()) == "../../../elsewhere/api/releases/one"
    assert layout.destination.is_dir()
    assert current(layout) == "one"


def test_left_over_of_a_killed_switch_is_no_obstacle(layout: Layout) -> None:
    """The next link is made anew."""
    layout.new_link.symlink_to("nowhere")
    restore(layout, "one")
    assert current(layout) == "one"
    assert not layout.new_link.is_symlink()


def test_release_that_is_gone_is_not_switched_to(layout: Layout) -> None:
    """A dangling destination would be worse than an old one."""
    restore(layout, "one")
    with pytest.raises(ActivationError, match="three is not in"):
        restore(layout, "three")
    assert current(layout) == "one"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_no_link_is_never_replaced(layout: Layout, kind: str) -> None:
    """Somebody's file or folder is adopted or left alone."""
    if kind == "file":
        layout.destination.write_text("precious")
    else:
        layout.destination.mkdir()
    with pytest.raises(ActivationError, match="not a symlink"):
        restore(layout, "one")
    assert current(layout) is None
    assert not layout.destination.is_symlink()


@pytest.mark.parametrize(
    "text",
    [
        ".dropship/api/releases",
        ".dropship/api/releases/",
        ".dropship/api/releases/one/sub",
        ".dropship/api/staging/one",
        ".dropship/other/releases/one",
        "/opt/api",
        ".dropship/api/releases/..",
    ],
)
def test_foreign_link_is_not_ours(layout: Layout, text: str) -> None:
    """Only a link directly to a release names one."""
    layout.destination.symlink_to(text)
    assert current(layout) is None


def test_absolute_link_to_a_release_is_ours(layout: Layout) -> None:
    """However an operator wrote it by hand."""
    layout.destination.symlink_to(layout.release("one"))
    assert current(layout) == "one"


def test_probe_takes_what_can_be_switched(layout: Layout, tmp_path: Path) -> None:
    """A link, nothing at all, a folder to adopt, parents still to be made."""
    probe(layout)
    restore(layout, "one")
    probe(layout)
    probe(Layout(tmp_path / "new/deep/api", tmp_path / "new/deep/.dropship/api"))


def test_probe_refuses_releases_inside_their_destination(tmp_path: Path) -> None:
    """They would be switched away with it."""
    with pytest.raises(ActivationError, match="`releasePath`"):
        probe(Layout(tmp_path / "api", tmp_path / "api/releases"))
    with pytest.raises(ActivationError, match="destination /"):
        probe(Layout(Path("/"), tmp_path))


def test_probe_refuses_a_file_on_the_way(tmp_path: Path) -> None:
    """A folder cannot be made below a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ActivationError, match="is no folder"):
        probe(Layout(tmp_path / "file/api", tmp_path / ".dropship/api"))


def test_probe_refuses_what_this_user_cannot_write(users_folder: Path) -> None:
    """Said before anything is stopped for it, with the folder to mend."""
    closed = users_folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(ActivationError, match=f"write permission on {closed}"):
            probe(Layout(closed / "api", closed / ".dropship/api"))
    finally:
        os.seteuid(before)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A folder that has a tmpfs in it."""
    point = tmp_path / "srv" / "api" / "with blank"
    point.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", point], check=True)
    yield point
    subprocess.run(["umount", point], check=True)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_probe_refuses_mounts_at_or_below(tmp_path: Path, mounted: Path) -> None:
    """What is mounted there would stay with the old one."""
    for destination in (tmp_path / "srv/api", mounted):
        with pytest.raises(ActivationError, match=r"mounted on .*with blank"):
            probe(Layout(destination, tmp_path / ".dropship/api"))
    probe(Layout(tmp_path / "srv/ap", tmp_path / ".dropship/ap"))
