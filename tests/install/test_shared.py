"""Paths that outlive releases."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dropship.errors import ActivationError, ConfigError, StageError
from dropship.install.activate import current, restore
from dropship.install.adopt import adopt, left_behind
from dropship.install.layout import Layout
from dropship.install.shared import Shared
from dropship.install.stage import discard, sweep
from dropship.install.taking import finish, take
from dropship.linux import rename
from tests.archives.tars import Member, tgz
from tests.folders import names
from tests.install.conftest import NOBODY
from tests.install.inside import as_user
from tests.install.stagings import NOW, litter, staged

APP = tgz(
    Member(b"run", b"1"),
    Member(b"log/first", b"shipped"),
    Member(b"config/app.yml", b"shipped"),
    Member(b"config/other.yml", b"shipped"),
)
PATHS = ("log/", "config/app.yml", "public/uploads")


def layout(folder: Path) -> Layout:
    """Of every staging in here."""
    return Layout(folder / "srv/api", folder / "srv/.dropship/api")


def install(folder: Path, content: bytes = APP, **more: Any) -> Path:
    """Stage and switch, as an update does; the release."""
    made = staged(folder, content, **{"shared": PATHS, **more})
    place = layout(folder)
    adopt(place, lambda: NOW)
    take(Shared.of(place, more.get("shared", PATHS)), made.release.name)
    restore(place, made.release.name)
    return made.path


@pytest.fixture(params=["exchange", "two steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to move; the second where a file system cannot exchange."""
    if request.param == "two steps":
        monkeypatch.setattr(rename, "exchange", _cannot)


def _cannot(*_: Any, **__: Any) -> None:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


# --- archives ---------------------------------------------------------------------------------------


def test_first_archive_gives_the_first_content(tmp_path: Path) -> None:
    """What it does not have is an empty folder; everything is linked, relatively."""
    release = install(tmp_path)
    home = layout(tmp_path).shared
    assert (home / "log/first").read_text() == "shipped"
    assert (home / "config/app.yml").read_text() == "shipped"
    assert names(home / "public/uploads") == []
    assert str((release / "log").readlink()) == "../../shared/log"
    assert str((release / "config/app.yml").readlink()) == "../../../shared/config/app.yml"
    assert (tmp_path / "srv/api/log/first").read_text() == "shipped"
    assert (release / "config/other.yml").is_file()
    assert not (release / "config/other.yml").is_symlink()
    assert litter(layout(tmp_path)) == []


def test_what_is_shared_stays_whatever_later_archives_bring(tmp_path: Path) -> None:
    """Files and folders alike; and it outlives every release."""
    first = install(tmp_path)
    data = tmp_path / "srv/api"
    (data / "log/second").write_text("written")
    (data / "config/app.yml").write_text("edited")
    second = install(tmp_path)
    assert second != first
    assert (data / "log/second").read_text() == "written"
    assert (data / "config/app.yml").read_text() == "edited"
    discard(layout(tmp_path), staged(tmp_path, APP, shared=PATHS).release)
    sweep(layout(tmp_path), keep=())
    assert (data / "log/second").read_text() == "written"
    assert names(layout(tmp_path).releases) == [second.name, second.name + ".json"]


def test_operators_own_content_is_taken_as_it_is(tmp_path: Path) -> None:
    """Put there before the first update, be it a symlink to another disk."""
    home = layout(tmp_path).shared
    (home / "config").mkdir(parents=True)
    (home / "config/app.yml").write_text("mine")
    (tmp_path / "disk").mkdir()
    (home / "log").symlink_to(tmp_path / "disk")
    install(tmp_path)
    (tmp_path / "srv/api/log/x").write_text("1")
    assert names(tmp_path / "disk") == ["x"]
    assert (tmp_path / "srv/api/config/app.yml").read_text() == "mine"


def test_symlink_in_the_archive_is_no_content(tmp_path: Path) -> None:
    """Moved out of its release it would lead elsewhere."""
    content = tgz(Member(b"log", type=b"2", target=b"var"), Member(b"var/x", b"1"))
    install(tmp_path, content)
    assert (layout(tmp_path).shared / "log").is_dir()
    assert not (layout(tmp_path).shared / "log").is_symlink()


@pytest.mark.parametrize(
    ("content", "paths", "why"),
    [
        (tgz(Member(b"log", b"a file")), ("log/",), "is a file in the archive"),
        (tgz(Member(b"a", b"a file")), ("a/b",), "something else in the archive"),
        (
            tgz(Member(b"a", type=b"2", target=b"b"), Member(b"b/x", b"1")),
            ("a/x",),
            "something else in the archive",
        ),
        (APP, ("/log",), "must be relative"),
        (APP, ("config", "config/app.yml"), "one holds the other"),
    ],
)
def test_what_cannot_be_shared_is_the_operators_fault(
    tmp_path: Path, content: bytes, paths: tuple[str, ...], why: str
) -> None:
    """Nothing is quarantined for a configuration, and nothing is moved."""
    with pytest.raises(ConfigError, match=why):
        staged(tmp_path, content, shared=paths)
    assert litter(layout(tmp_path)) == []
    assert names(layout(tmp_path).releases) == []


def test_single_file_has_nothing_to_share(tmp_path: Path) -> None:
    """Whatever it is called."""
    with pytest.raises(ConfigError, match="single file"):
        staged(tmp_path, b"#!/bin/sh\n", name="tool", shared=("log",))


def test_shared_file_where_a_folder_is_wanted_is_told(tmp_path: Path) -> None:
    """Instead of a service that cannot write its log."""
    home = layout(tmp_path).shared
    home.mkdir(parents=True)
    (home / "log").write_text("1")
    with pytest.raises(ConfigError, match=r"written as a folder, and .*/shared/log is a file"):
        staged(tmp_path, APP, shared=("log/",))
    assert staged(tmp_path, APP, shared=("log",)).path.is_dir()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_folders_that_are_made_belong_to_the_owner(tmp_path: Path) -> None:
    """The service shall be able to write there; what is above them stays the agent's."""
    install(tmp_path, owner="nobody")
    home = layout(tmp_path).shared
    assert (home / "public/uploads").stat().st_uid == NOBODY
    assert (home / "log").stat().st_uid == NOBODY
    assert home.stat().st_uid == 0
    assert (home / "public").stat().st_uid == 0


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_is_given_away_that_was_not_made_here(tmp_path: Path) -> None:
    """Whoever may write to a folder above could have put a hard link to a file of root's there."""
    home = layout(tmp_path).shared / "public"
    home.mkdir(parents=True)
    (tmp_path / "secret").touch()
    (home / ".dropship-new").hardlink_to(tmp_path / "secret")
    with pytest.raises(StageError, match="File exists"):
        staged(tmp_path, APP, shared=PATHS, owner="nobody")
    assert (tmp_path / "secret").stat().st_uid == 0
    (home / ".dropship-new").unlink()
    made = staged(tmp_path, APP, shared=PATHS, owner="nobody")
    assert (made.path / "log").lstat().st_uid == 0


def test_ordinary_user_shares_out_of_folders_that_protect_themselves(users_folder: Path) -> None:
    """0555 above, on and below what is moved."""
    content = tgz(
        Member(b"a/", type=b"5", mode=0o555),
        Member(b"a/log/", type=b"5", mode=0o555),
        Member(b"a/log/x", b"1", mode=0o400),
    )

    def work() -> None:
        for _ in range(2):
            release = install(users_folder, content, shared=("a/log", "a/new"))
            assert stat.S_IMODE((release / "a").stat().st_mode) == 0o555
        assert (users_folder / "srv/api/a/log/x").read_text() == "1"
        assert stat.S_IMODE((users_folder / "srv/api/a/log").stat().st_mode) == 0o555

    as_user(work)


# --- what stands at the destination -------------------------------------------------------------------


def standing(folder: Path) -> Path:
    """A folder that somebody has at the destination, with data."""
    place = folder / "srv/api"
    (place / "public/uploads").mkdir(parents=True)
    (place / "public/uploads/photo").write_text("precious")
    (place / "config").mkdir()
    (place / "config/app.yml").write_text("edited")
    return place


def test_data_of_an_adopted_folder_moves_along(tmp_path: Path, way: None) -> None:
    """The new release has it, and so has the adopted one, should it be gone back to."""
    place = standing(tmp_path)
    inode = (place / "public/uploads").stat().st_ino
    staged_only = staged(tmp_path, APP, shared=PATHS)
    assert (place / "public/uploads/photo").read_text() == "precious", "nothing before the switch"
    discard(layout(tmp_path), staged_only.release)
    release = install(tmp_path)
    assert current(layout(tmp_path)) == release.name
    adopted = f"adopted-{release.name[:16]}"
    for tree in (place, layout(tmp_path).release(adopted)):
        assert (tree / "public/uploads/photo").read_text() == "precious"
        assert (tree / "config/app.yml").read_text() == "edited"
    assert (layout(tmp_path).shared / "public/uploads").stat().st_ino == inode
    assert left_behind(layout(tmp_path), adopted, release) == 0
    assert not layout(tmp_path).sharing.is_symlink()


def test_path_that_becomes_shared_later_takes_the_data_of_the_current_release(
    tmp_path: Path, way: None
) -> None:
    """Or it would be deleted with that release some day."""
    first = install(tmp_path, shared=())
    (first / "log/written").write_text("precious")
    second = install(tmp_path)
    for tree in (first, second):
        assert (tree / "log/written").read_text() == "precious"
        assert (tree / "log").is_symlink()


def test_release_from_before_gets_links_where_it_has_nothing(tmp_path: Path) -> None:
    """Going back far does not make data disappear."""
    first = install(tmp_path, tgz(Member(b"run", b"1")), shared=())
    install(tmp_path, shared=("uploads",))
    (tmp_path / "srv/api/uploads/x").write_text("1")
    take(Shared.of(layout(tmp_path), ("uploads",)), first.name)
    restore(layout(tmp_path), first.name)
    assert (tmp_path / "srv/api/uploads/x").read_text() == "1"


@pytest.mark.parametrize("absolute", [False, True])
def test_symlink_of_somebody_leads_to_the_same(tmp_path: Path, absolute: bool) -> None:
    """A folder whose data is elsewhere already."""
    place = tmp_path / "srv/api"
    place.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x").write_text("1")
    (place / "log").symlink_to(tmp_path / "data" if absolute else "../../data")
    install(tmp_path, shared=("log",))
    assert (place / "log/x").read_text() == "1"
    assert (layout(tmp_path).shared / "log").is_symlink()


def test_foreign_link_at_the_destination_is_left_alone(tmp_path: Path) -> None:
    """What it leads to is somebody else's."""
    other = tmp_path / "other"
    (other / "log").mkdir(parents=True)
    (other / "log/x").write_text("theirs")
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/api").symlink_to(other)
    install(tmp_path)
    assert (other / "log/x").read_text() == "theirs"
    assert (tmp_path / "srv/api/log/first").read_text() == "shipped"


def test_symlinks_in_what_stands_there_lead_nowhere(tmp_path: Path) -> None:
    """Whoever may write to the old release cannot have root move files of others."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "app.yml").write_text("theirs")
    first = install(tmp_path, tgz(Member(b"run", b"1")), shared=())
    (first / "config").symlink_to(victim)
    install(tmp_path)
    assert (victim / "app.yml").read_text() == "theirs"
    assert not (victim / "app.yml").is_symlink()
    assert (layout(tmp_path).shared / "config/app.yml").read_text() == "shipped"


def test_what_cannot_be_moved_is_told_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch fails, and the old release runs on."""
    place = standing(tmp_path)
    made = staged(tmp_path, APP, shared=PATHS)
    adopt(layout(tmp_path), lambda: NOW)

    def cannot(*_: Any, **__: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(rename, "exchange", cannot)
    with pytest.raises(ActivationError, match="outlive releases"):
        take(Shared.of(layout(tmp_path), PATHS), made.release.name)
    assert (place / "config/app.yml").read_text() == "edited"
    monkeypatch.undo()
    take(Shared.of(layout(tmp_path), PATHS), made.release.name)
    restore(layout(tmp_path), made.release.name)
    assert (place / "config/app.yml").read_text() == "edited"


# --- crashes ----------------------------------------------------------------------------------------

_CALLS = ("rename", "symlink", "mkdir", "rmdir", "unlink", "fchown", "fchmod", "fsync")


def dies_at(number: int, work: Callable[[], object]) -> bool:
    """Do the work in a child that ends before its ``number``-th change on disk; whether it did."""
    pid = os.fork()
    if pid == 0:
        left = iter(range(number, -1, -1))

        def or_die(real: Callable[..., Any], *args: Any, **more: Any) -> Any:
            if next(left) == 0:
                os._exit(9)
            return real(*args, **more)

        try:
            for name in _CALLS:
                setattr(os, name, partial(or_die, getattr(os, name)))
            rename.exchange = partial(or_die, rename.exchange)  # type: ignore[assignment] # a double
            work()
            os._exit(0)
        finally:
            os._exit(1)
    # 1: it was its unpacker that died, and staging failed.
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0


@pytest.mark.slow
def test_crash_at_any_step_loses_nothing(tmp_path: Path, way: None) -> None:
    """Of a staging and a switch; the next start mends it, and the next update converges."""
    number = 0
    died = True
    while died:
        number += 1
        assert number < 200
        folder = tmp_path / str(number)
        place = standing(folder)
        died = dies_at(number, partial(install, folder))
        finish(layout(folder))
        sweep(layout(folder), keep=())
        assert (place / "public/uploads/photo").read_text() == "precious", number
        assert (place / "config/app.yml").read_text() == "edited", number
        install(folder)
        assert (place / "public/uploads/photo").read_text() == "precious", number
        assert (place / "config/app.yml").read_text() == "edited", number
        assert (place / "log/first").read_text() == "shipped", number
        assert not layout(folder).sharing.is_symlink()
        for tree in layout(folder).releases.iterdir():
            assert tree.suffix == ".json" or (tree / "public/uploads/photo").exists()
    assert number > 20


def test_note_of_a_release_that_is_gone_is_dropped(tmp_path: Path) -> None:
    """Nothing can be mended there, and nothing waits for it."""
    place = layout(tmp_path)
    place.root.mkdir(parents=True)
    place.sharing.symlink_to("adopted-20200101T000000Z/log")
    sweep(place, keep=())
    assert not place.sharing.is_symlink()
