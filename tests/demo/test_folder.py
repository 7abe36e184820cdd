"""The folder of the demo: whose it may be, and what is outside of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from dropship.demo.folder import Folder
from dropship.errors import DropshipError, UsageError
from tests.folders import names


def test_absent_folder_is_made_and_an_empty_one_is_taken(tmp_path: Path) -> None:
    """Both end up the same, by their real path."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    for wanted, path in (("link", "empty"), ("deep/below", "deep/below")):
        folder = Folder.make(tmp_path / wanted)
        assert folder.path == tmp_path / path
        assert names(folder.path) == ["run", "srv", "state", "store"]


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """Nothing is made in it, and the message says what to do."""
    (tmp_path / ".hidden").touch()
    with pytest.raises(UsageError, match=r"is not empty; name an empty folder"):
        Folder.make(tmp_path)
    assert names(tmp_path) == [".hidden"]


def test_file_is_no_folder(tmp_path: Path) -> None:
    """Nor is what is below one."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file is no folder"):
        Folder.make(tmp_path / "file")
    with pytest.raises(DropshipError, match=r"Not a directory"):
        Folder.make(tmp_path / "file" / "below")


@pytest.mark.parametrize("name", ["a\nb", "${a}", "\udcff"])
def test_name_that_no_configuration_can_hold_is_refused_before_it_is_made(
    tmp_path: Path, name: str
) -> None:
    """A string of the language has no place for it."""
    with pytest.raises(UsageError, match="no configuration can hold"):
        Folder.make(tmp_path / name)
    assert names(tmp_path) == []


def test_run_path_of_a_long_folder_is_short_and_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Unix socket's path has 107 bytes; also where temporary files have a long one themselves."""
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = Folder.make(None)
    assert folder.path.parent == long
    assert len(os.fsencode(folder.run)) < 80
    assert folder.run.is_dir()
    folder.tidy()
    assert not folder.run.exists()


def test_run_path_of_a_short_folder_stays(tmp_path: Path) -> None:
    """Everything is in one place where that is possible."""
    with tempfile.TemporaryDirectory() as short:
        folder = Folder.make(Path(short))
        folder.tidy()
        assert folder.run.is_dir()
        assert folder.run.parent == folder.path
