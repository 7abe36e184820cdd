"""The file repo: what is no artifact, and files that are being written."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from dropship.core.values import Duration, Size
from dropship.errors import MovedError, RepoError
from dropship.repos.file import FileLocation, FileOptions, FileRepo
from tests.contracts.shelves import drain

NOW = Duration(0)


def test_path_without_root_is_used_as_it_is(tmp_path: Path) -> None:
    """Absolute, or relative to the agent's folder."""
    (tmp_path / "a").write_bytes(b"abc")
    found = FileRepo(FileOptions()).find(FileLocation(path=str(tmp_path / "a"), settle=NOW))
    assert found.source == str(tmp_path / "a")


def test_folder_and_fifo_are_no_artifacts(tmp_path: Path) -> None:
    """And neither hangs."""
    os.mkfifo(tmp_path / "fifo")
    repo = FileRepo(FileOptions(root=tmp_path))
    for name, kind in (("", "a folder"), ("fifo", "no regular file")):
        with pytest.raises(RepoError, match=kind) as caught:
            repo.find(FileLocation(path=name, settle=NOW))
        assert caught.value.permanent


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_permanent(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "a").chmod(0)
    repo = FileRepo(FileOptions(root=tmp_path))
    location = FileLocation(path="a", settle=NOW)
    with pytest.raises(RepoError, match="may not be read") as caught:
        repo.open(location, repo.find(location))
    assert caught.value.permanent


def test_same_bytes_in_another_file_are_another_token(tmp_path: Path) -> None:
    """Size and time alone can be kept by whoever copies."""
    repo, location = FileRepo(FileOptions(root=tmp_path)), FileLocation(path="a", settle=NOW)
    (tmp_path / "a").write_bytes(b"abc")
    os.utime(tmp_path / "a", ns=(1, 1))
    first = repo.find(location).token
    (tmp_path / "b").write_bytes(b"abd")
    os.utime(tmp_path / "b", ns=(1, 1))
    (tmp_path / "b").rename(tmp_path / "a")
    assert repo.find(location).token != first


def test_fresh_file_is_waited_for_until_it_holds_still(tmp_path: Path) -> None:
    """Then it is found, and the next look does not wait again; a clock ahead does no harm."""
    (tmp_path / "a").write_bytes(b"abc")
    later = time.time_ns() + 3600 * 10**9
    os.utime(tmp_path / "a", ns=(later, later))
    repo, location = (
        FileRepo(FileOptions(root=tmp_path)),
        FileLocation(path="a", settle=Duration.of(0.4)),
    )
    began = time.monotonic()
    repo.find(location)
    assert time.monotonic() - began >= 0.4
    location = FileLocation(path="a", settle=Duration.of(3600))
    began = time.monotonic()
    repo.find(location)
    assert time.monotonic() - began < 5


def test_file_that_is_still_written_is_not_found(tmp_path: Path) -> None:
    """It is tried again later."""
    path, stop = tmp_path / "a", threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            while not stop.wait(0.01):
                file.write(b"x" * 100)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not path.exists():
            time.sleep(0.01)
        with pytest.raises(RepoError, match="still being written") as caught:
            FileRepo(FileOptions(root=tmp_path)).find(
                FileLocation(path="a", settle=Duration.of(0.5))
            )
        assert not caught.value.permanent
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("change", [b"shorter", b"x" * 200_000])
def test_file_that_changes_while_it_is_read_moved(tmp_path: Path, change: bytes) -> None:
    """Half of one and half of another is never the artifact."""
    (tmp_path / "a").write_bytes(b"y" * 150_000)
    repo, location = FileRepo(FileOptions(root=tmp_path)), FileLocation(path="a", settle=NOW)
    body = repo.open(location, repo.find(location))
    body.readinto(memoryview(bytearray(1000)))
    (tmp_path / "a").write_bytes(change)
    with pytest.raises(MovedError):
        drain(body)
    body.close()


def test_rate_bounds_how_fast_the_bytes_come(tmp_path: Path) -> None:
    """All of them, in slices small enough to look around between."""
    (tmp_path / "a").write_bytes(b"y" * 60_000)
    repo, location = (
        FileRepo(FileOptions(root=tmp_path, max_rate=Size(100_000))),
        FileLocation(path="a", settle=NOW),
    )
    body, began = repo.open(location, repo.find(location)), time.monotonic()
    buffer = memoryview(bytearray(100_000))
    assert 0 < body.readinto(buffer) <= 25_000
    assert len(drain(body)) == 35_000
    assert time.monotonic() - began > 0.4
    body.close()
