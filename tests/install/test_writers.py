"""Two processes that write one tree: the same comes out as of one, and no failure of either is lost."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dropship.archives import Hole
from dropship.core.entry import Entry, Kind, Place
from dropship.core.format import HEAD_BYTES
from dropship.errors import RefusedError, StageError
from dropship.install.stage import stage
from dropship.install.tree import Tree
from dropship.install.writers import SLOT_FILES, Writers
from tests.archives.tars import Member, tgz
from tests.install.conftest import NOBODY
from tests.install.inside import as_user
from tests.install.stagings import (
    NOW,
    CountingWatch,
    MemoryRepo,
    children,
    request,
    second_of,
    staged,
)

MANY = 12 * SLOT_FILES

_IGNORING = """\
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], [sys.argv[1], "-m", "dropship", "unpack", *sys.argv[2:]])
"""


def members() -> Iterator[Member]:
    """Small files with what depends on them right behind: links, repetitions, large files."""
    chance = random.Random(7)
    for number in range(MANY):
        name = b"app/part-%02d/deep/file-%05d" % (number // 100, number)
        body = chance.randbytes(chance.choice((0, 1, 700, 5000)))
        mode = chance.choice((0o644, 0o755, 0o400, 0o000))
        small = Member(name, body, mode=mode, mtime=1_600_000_000 + number)
        yield small
        if number % 50 == 7:
            yield Member(name + b".hard", type=b"1", target=name)
        if number % 90 == 8:
            yield small
        if number % 200 == 9:
            yield Member(name + b".large", chance.randbytes(100_000))
            yield Member(name + b".soft", type=b"2", target=b"file-%05d" % number)


def look(tree: Path) -> dict[str, tuple[object, ...]]:
    """Everything a user could see of a tree."""
    seen: dict[str, tuple[object, ...]] = {}
    for path in sorted(tree.rglob("*")):
        one = path.lstat()
        content: object = None
        if path.is_symlink():
            content = path.readlink()
        elif path.is_file():
            content = (one.st_nlink, one.st_mtime_ns, path.read_bytes())
        seen[str(path.relative_to(tree))] = (one.st_mode, content)
    return seen


def test_thousands_of_small_files_come_out_as_they_went_in(tmp_path: Path) -> None:
    """In whatever order two processes make them."""
    expected = {}
    for member in members():
        name = member.name.decode()
        if member.type == b"0":
            expected[name] = (0o100000 | int(member.mode), int(member.mtime) * 10**9, member.body)
    seen = look(staged(tmp_path, tgz(*members())).path)
    files = {
        name: (mode, content[1], content[2])
        for name, (mode, content) in seen.items()
        if isinstance(content, tuple) and not name.endswith(".hard")
    }
    assert files == expected
    for name, (_, content) in seen.items():
        if name.endswith(".hard"):
            assert isinstance(content, tuple)
            assert content == seen[name.removesuffix(".hard")][1]
            assert content[0] == 2
    assert sum(name.endswith(".soft") for name in seen) == MANY // 200 + 1


def test_user_without_a_second_process_gets_the_same(tmp_path: Path) -> None:
    """Where there can be no more processes, one does it all."""
    folder = tmp_path / "out"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def alone() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        fill(root, MANY)
        assert children() == set()

    try:
        as_user(alone)
    finally:
        os.close(root)
    assert len(list(folder.iterdir())) == MANY


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    """A descriptor of ``tmp_path``."""
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def fill(root: int, count: int) -> None:
    """Put so many small files there."""
    writers = Writers(Tree(root, 0o022, lambda _count: None))
    for number in range(count):
        name = b"file-%05d" % number
        entry, place = Entry(name, Kind.FILE, 5), Place(b"", name, 0o644, 0)
        writers.put(entry, place, iter((b"hello",)))
    writers.finish()


def test_refusal_of_the_second_is_the_archives_refusal(tmp_path: Path, root: int) -> None:
    """It is given the first files, and one of them is there already."""
    (tmp_path / "file-00005").touch()
    with pytest.raises(RefusedError, match='"file-00005" is refused: for this file system'):
        fill(root, 2 * SLOT_FILES)
    os.wait()


def test_small_sparse_file_keeps_its_hole(tmp_path: Path, root: int) -> None:
    """It is not gathered: its zeros were never there."""
    writers = Writers(Tree(root, 0o022, lambda _count: None))
    entry, place = Entry(b"sparse", Kind.FILE, 60_005), Place(b"", b"sparse", 0o644, 0)
    writers.put(entry, place, iter((b"hello", Hole(60_000))))
    writers.finish()
    file = tmp_path / "sparse"
    assert file.read_bytes() == b"hello" + bytes(60_000)
    assert file.stat().st_blocks * 512 < 60_000


def test_folder_that_cannot_be_made_is_the_archives_fault(tmp_path: Path, root: int) -> None:
    """Also where only a small file in it asks for it."""
    (tmp_path / "taken").touch()
    writers = Writers(Tree(root, 0o022, lambda _count: None))
    entry, place = Entry(b"taken/x", Kind.FILE, 5), Place(b"taken", b"x", 0o644, 0)
    with pytest.raises(RefusedError, match='"taken/x" is refused: for this file system'):
        writers.put(entry, place, iter((b"hello",)))
    writers.finish()


def test_callers_who_ignore_their_children_unpack_alike(tmp_path: Path) -> None:
    """What is ignored stays ignored over an exec."""
    archive = tmp_path / "app.tar.gz"
    archive.write_bytes(tgz(Member(b"x", b"hello")))
    ignoring = subprocess.run(
        [sys.executable, "-c", _IGNORING, sys.executable, str(archive), str(tmp_path / "out")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ignoring.returncode == 0, ignoring.stderr
    assert (tmp_path / "out" / "x").read_bytes() == b"hello"


@pytest.mark.root
def test_full_disk_of_the_second_is_a_full_disk(tmp_path: Path) -> None:
    """The number of the error comes through."""
    mount = ["mount", "-t", "tmpfs", "-o", "nr_inodes=50", "tiny", str(tmp_path)]
    subprocess.run(mount, check=True)
    root = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError, match="No space left") as caught:
            fill(root, 2 * SLOT_FILES)
        assert caught.value.errno == errno.ENOSPC
    finally:
        os.close(root)
        os.wait()
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_death_of_the_second_is_never_taken_for_success(tmp_path: Path) -> None:
    """Killed at any time: what it was given may not be there."""
    content = tgz(*members())
    before = children()
    killed: list[int] = []

    def kill(offset: int) -> None:
        if offset > HEAD_BYTES and not killed:
            (unpacker,) = children() - before
            second = second_of(unpacker)
            second.send_signal(signal.SIGKILL)
            killed.append(second.pid)

    repo = MemoryRepo(content, step=len(content) // 3, at=kill)
    with pytest.raises(StageError, match="second of its two processes was killed"):
        stage(request(tmp_path, content), repo, CountingWatch(), lambda: NOW)
    assert killed
    assert children() <= before


def test_second_ends_with_the_first(tmp_path: Path) -> None:
    """Nobody is left to write into a folder that is being deleted."""
    content = tgz(*members())
    before = children()
    seconds: list[psutil.Process] = []

    def kill(offset: int) -> None:
        if offset > HEAD_BYTES and not seconds:
            (unpacker,) = children() - before
            seconds.append(second_of(unpacker))
            os.kill(unpacker, signal.SIGKILL)

    repo = MemoryRepo(content, step=len(content) // 3, at=kill)
    with pytest.raises(StageError, match="killed by SIGKILL"):
        stage(request(tmp_path, content), repo, CountingWatch(), lambda: NOW)
    (second,) = seconds
    assert not second.is_running() or second.status() == psutil.STATUS_ZOMBIE
