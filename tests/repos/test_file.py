"""The file repo: what is no artifact, and files that are being written."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from dropship.core.values import Duration, Size, Token
from dropship.errors import MissingError, MovedError, RepoError
from dropship.repos.file import FileBody, FileLocation, FileOptions, FileRepo
from tests.contracts.shelves import drain
from tests.waiting import tries

NOW, FRESH = Duration(0), Duration.of(0.5)


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


def test_half_a_file_is_not_taken_for_a_whole_old_one(tmp_path: Path) -> None:
    """On a share whose host's clock is behind, what is being written looks as if it had settled."""
    path, stop = tmp_path / "a", threading.Event()
    path.touch()

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            while not stop.wait(0.01):
                file.write(b"x" * 100)
                behind = time.time_ns() - 30 * 10**9
                os.utime(file.fileno(), ns=(behind, behind))

    writer = threading.Thread(target=write)
    repo, location = FileRepo(FileOptions(root=tmp_path)), FileLocation(path="a", settle=FRESH)
    writer.start()
    try:
        while path.stat().st_size == 0:
            time.sleep(0.01)
        with pytest.raises(RepoError, match="still being written"):
            repo.find(location)
    finally:
        stop.set()
        writer.join()
    assert repo.find(location).size == path.stat().st_size


def test_file_written_in_place_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    """As ``rsync --inplace`` does it: the old one is overwritten, and gets its old time at the end."""
    path, half, go = tmp_path / "a", threading.Event(), threading.Event()
    path.write_bytes(b"o" * 200_000)
    os.utime(path, ns=(10**18, 10**18))
    repo, location = FileRepo(FileOptions(root=tmp_path)), FileLocation(path="a", settle=FRESH)
    body = repo.open(location, repo.find(location))
    body.readinto(memoryview(bytearray(1000)))

    def write() -> None:
        with path.open("r+b", buffering=0) as file:
            file.write(b"n" * 100_000)
            half.set()
            while not go.wait(0.01):
                file.seek(0)
                file.write(b"n")
            file.seek(100_000)
            file.write(b"n" * 100_000)
        os.utime(path, ns=(11**17, 11**17))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert half.wait(20)
        with pytest.raises(MovedError):
            drain(body)
        body.close()
        with pytest.raises(RepoError, match="still being written"):
            repo.find(location)
    finally:
        go.set()
        writer.join()
    assert drain(repo.open(location, repo.find(location))) == b"n" * 200_000


def test_files_renamed_over_each_other_are_each_whole_or_moved(tmp_path: Path) -> None:
    """Never half of one and half of another."""
    repo, location = FileRepo(FileOptions(root=tmp_path)), FileLocation(path="a", settle=NOW)
    (tmp_path / "a").write_bytes(b"0" * 300_000)
    stop = threading.Event()

    def publish() -> None:
        number = 0
        while not stop.wait(0.001):
            number += 1
            (tmp_path / "new").write_bytes(b"%d" % (number % 10) * 300_000)
            (tmp_path / "new").rename(tmp_path / "a")

    writer = threading.Thread(target=publish)
    writer.start()
    whole = 0
    try:
        while whole < 20:
            with suppress(MovedError):
                body = repo.open(location, repo.find(location))
                try:
                    data = drain(body)
                finally:
                    body.close()
                assert len(data) == 300_000
                assert len(set(data)) == 1
                whole += 1
    finally:
        stop.set()
        writer.join()


def test_settling_goes_on_from_check_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One check never waits for all of a long ``settle``."""
    monkeypatch.setattr("dropship.repos.file._LONGEST_WAIT", 0.1)
    (tmp_path / "a").write_bytes(b"abc")
    repo = FileRepo(FileOptions(root=tmp_path))
    location = FileLocation(path="a", settle=Duration.of(0.5))
    for _ in range(2):
        with pytest.raises(RepoError, match="still being written"):
            repo.find(location)
    for _ in tries(20):
        with suppress(RepoError):
            assert repo.find(location).size == 3
            break
    assert repo.find(location)


def test_names_are_those_of_a_folder_as_it_is(tmp_path: Path) -> None:
    """With links into nowhere and in circles among them; a file is no folder."""
    (tmp_path / "b-2").mkdir()
    (tmp_path / "b-1").write_bytes(b"")
    (tmp_path / "b-gone").symlink_to("nowhere")
    (tmp_path / "b-round").symlink_to("b-round")
    (tmp_path / "b-link").symlink_to("b-2")
    (tmp_path / "other").touch()
    repo, location = FileRepo(FileOptions(root=tmp_path)), FileLocation(path="x", settle=NOW)
    wanted = ["b-1", "b-2/", "b-gone", "b-link/", "b-round"]
    assert sorted(repo.names(location, "", "b-")) == wanted
    assert list(repo.names(location, "other/", "")) == []
    assert list(repo.names(location, "nowhere/", "")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_that_may_not_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    """Somebody has to change its mode."""
    (tmp_path / "shut").mkdir(mode=0)
    repo, location = FileRepo(FileOptions(root=tmp_path)), FileLocation(path="x", settle=NOW)
    with pytest.raises(RepoError, match="may not be read") as caught:
        list(repo.names(location, "shut/", ""))
    assert caught.value.permanent


def test_disk_that_fails_under_a_read_is_passing(tmp_path: Path) -> None:
    """A share may come back; the kernel's own EIO, from memory that is not there."""
    descriptor = os.open("/proc/self/mem", os.O_RDONLY)
    body = FileBody(tmp_path / "a", descriptor, Token(""), 100)
    with pytest.raises(RepoError, match=r"/a: Input/output error$") as caught:
        drain(body)
    assert not caught.value.permanent
    body.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_share_that_went_away_is_told_and_comes_back(tmp_path: Path) -> None:
    """What was open is read to its end; then the file is missing until the share is there again."""
    share = tmp_path / "share"
    share.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "dropship-test", str(share)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    repo, location = FileRepo(FileOptions(root=share)), FileLocation(path="a", settle=NOW)
    try:
        (share / "a").write_bytes(b"y" * 200_000)
        body = repo.open(location, repo.find(location))
        body.readinto(memoryview(bytearray(1000)))
    finally:
        subprocess.run(["umount", "--lazy", str(share)], check=True)
    assert len(drain(body)) == 199_000
    body.close()
    with pytest.raises(MissingError, match="there is no such file"):
        repo.find(location)
    (share / "a").write_bytes(b"back")
    assert drain(repo.open(location, repo.find(location))) == b"back"


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
