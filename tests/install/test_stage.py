"""Staging: what becomes of an artifact before anything is touched for it."""

from __future__ import annotations

import bz2
import ctypes
import errno
import hashlib
import json
import lzma
import os
import signal
import stat
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dropship.core.values import Duration, Share, Size
from dropship.errors import (
    ConfigError,
    IntegrityError,
    InterruptedByStop,
    MovedError,
    NoSpaceError,
    RefusedError,
    RepoError,
    StageError,
)
from dropship.install import release as cards
from dropship.install.layout import Layout
from dropship.install.stage import discard, stage, sweep
from tests.archives.packing import zstd
from tests.archives.tars import Member, OldSparse, packed, tar, tgz
from tests.archives.zips import LINK, WHEN, Zipped, zipped
from tests.folders import names
from tests.install.inside import as_user
from tests.install.stagings import (
    NOW,
    CountingWatch,
    MemoryRepo,
    children,
    litter,
    request,
    second_of,
    staged,
    wait_for,
)

SMALL = tgz(Member(b"app/x", b"hello", mode=0o755))
LARGE = tgz(Member(b"big", os.urandom(3 << 20)))


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Any:
    """After every staging, however it ended: no child, nothing in ``staging/``."""
    before = children()
    yield
    assert children() <= before
    for folder in tmp_path.rglob("staging"):
        assert names(folder) == []


def md5(content: bytes) -> str:
    """The md5 in hex."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_staged_release_stands_whole_with_its_card(tmp_path: Path) -> None:
    """The tree is under a name that tells when and what, and its card tells the rest."""
    made = staged(tmp_path, SMALL, found_version="2.1")
    name = f"20261123T033338Z-{md5(SMALL)[:12]}"
    assert made.path == tmp_path / "srv/.dropship/api/releases" / name
    assert (made.path / "app/x").read_bytes() == b"hello"
    assert json.loads(made.path.with_name(name + ".json").read_bytes()) == {
        "name": name,
        "md5": md5(SMALL),
        "sha256": hashlib.sha256(SMALL).hexdigest(),
        "token": '"etag"',
        "source": "memory://bucket/app.tar.gz",
        "stagedAt": NOW,
        "bytes": len(SMALL),
        "entries": 1,
        "version": "2.1",
        "recipe": "recipe-1",
    }
    layout = request(tmp_path, SMALL).layout
    assert cards.read(layout, name) == made.release
    assert cards.whole(layout) == [made.release]
    assert stat.S_IMODE(layout.staging.stat().st_mode) == 0o700


def test_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    """Clocks go back, and the same bytes may be forced twice in a second."""
    names = [staged(tmp_path, SMALL).release.name for _ in range(3)]
    assert names[1:] == [names[0] + "-2", names[0] + "-3"]


def test_tree_equals_what_gnu_tar_makes(tmp_path: Path) -> None:
    """Contents, modes, times, links, empty folders, odd names."""
    source = tmp_path / "source"
    (source / "bin").mkdir(parents=True)
    (source / "empty").mkdir(mode=0o750)
    (source / "locked").mkdir()
    (source / "locked/file").write_bytes(b"1")
    (source / "bin/run").write_bytes(b"#!/bin/sh\n" * 1000)
    (source / "bin/run").chmod(0o755)
    (source / "bin/only-mine").write_bytes(b"")
    (source / "bin/only-mine").chmod(0o400)
    (source / "bin/also").hardlink_to(source / "bin/run")
    (source / "current").symlink_to("bin/run")
    os.close(os.open(os.fsencode(source) + b"/caf\xe9\n", os.O_CREAT))
    (source / ("long " * 45)).mkdir()
    (source / ("long " * 45) / ("name " * 40)).write_bytes(b"deep")
    (source / "locked").chmod(0o555)
    for number, path in enumerate(sorted(source.rglob("*"))):
        os.utime(path, ns=(0, (10**9 + number) * 10**9 + 5 * number), follow_symlinks=False)
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        content = packed(source, format_=form)
        theirs = tmp_path / f"theirs-{form}"
        theirs.mkdir()
        subprocess.run(
            ["tar", "xzf", "-", "-C", theirs, "--no-same-owner"], input=content, check=True
        )
        ours = staged(tmp_path, content)
        assert listing(ours.path) == listing(theirs)
        assert ours.release.entries == len(list(source.rglob("*"))) + 1


def listing(root: Path) -> dict[str, tuple[object, ...]]:
    """All that can be seen of a tree."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        what: object = None
        if path.is_symlink():
            what = str(path.readlink())
        elif path.is_file():
            what = path.read_bytes()
        links = info.st_nlink if stat.S_ISREG(info.st_mode) else 0
        found[os.path.relpath(path, root)] = (info.st_mode, info.st_mtime_ns, links, what)
    return found


def test_what_the_file_system_cannot_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again would not help: ext4 takes 65,000 links to a file, others fewer."""

    def link(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(errno.EMLINK, "Too many links")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(RefusedError, match=r'"h".*this file system cannot hold it: Too many links'):
        staged(tmp_path, tgz(Member(b"x"), Member(b"h", type=b"1", target=b"x")))


def test_sparse_file_keeps_its_holes_and_counts_whole(tmp_path: Path) -> None:
    """No room is taken for them, but ``maxSize`` sees what it says it is."""
    end = 1 << 30
    sparse = OldSparse(b"x", [(1 << 20, 2), (end, 0)], b"ab", end)
    made = staged(tmp_path, tar(sparse.encode(), sparse.encode()), name="a.tar")
    info = (made.path / "x").stat()
    assert info.st_size == end
    assert info.st_blocks * 512 < 1 << 20
    with (made.path / "x").open("rb") as file:
        assert file.read((1 << 20) + 3) == bytes(1 << 20) + b"ab\0"
    with pytest.raises(RefusedError, match=r'"x".*`maxSize`'):
        staged(tmp_path, tar(sparse.encode()), name="a.tar", max_size=Size(end - 1))
    for other in (b"ac", b"abc"):
        different = OldSparse(b"x", [(1 << 20, len(other)), (end, 0)], other, end)
        with pytest.raises(RefusedError, match="twice, with different contents"):
            staged(tmp_path, tar(sparse.encode(), different.encode()), name="a.tar")


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.tar.bz2", bz2.compress), ("a.tar.xz", lzma.compress), ("a.tzst", zstd)],
)
def test_every_compression_makes_the_same_tree(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    """The worker's end does not know of them; the ratio counts for each."""
    made = staged(tmp_path, pack(tar(Member(b"app/x", b"hello"))), name=name)
    assert (made.path / "app/x").read_bytes() == b"hello"
    with pytest.raises(RefusedError, match="`maxRatio`"):
        staged(tmp_path, pack(tar(Member(b"a", bytes(66 << 20)))), name=name)
    with pytest.raises(RefusedError, match="ends too early"):
        staged(tmp_path, pack(tar(Member(b"app/x", b"hello")))[:-5], name=name)


def test_zip_is_a_tree(tmp_path: Path) -> None:
    """It is kept beside the tree until all of it is there, and nothing of that stays."""
    content = zipped(
        Zipped(b"app/x", b"hello" * 100_000, mode=0o100755),
        Zipped(b"app/l", b"x", mode=LINK),
        Zipped(b"app/back\\slash", b""),
    )
    made = staged(tmp_path, content, name="app.zip")
    assert (made.path / "app/x").read_bytes() == b"hello" * 100_000
    assert stat.S_IMODE((made.path / "app/x").stat().st_mode) == 0o755
    assert (made.path / "app/x").stat().st_mtime == WHEN
    assert names(made.path / "app") == ["back\\slash", "l", "x"]
    assert made.release.entries == 3
    assert names(staged(tmp_path, content, name="a", format="zip").path) == ["app"]
    stripped = staged(tmp_path, content, name="app.zip", strip_components=1)
    assert names(stripped.path) == ["back\\slash", "l", "x"]
    plain = staged(tmp_path, content, name="app.jar")
    assert plain.path.is_file()


@pytest.mark.parametrize(
    ("content", "more", "reason"),
    [
        (zipped(Zipped(b"../x", b"1")), {}, r'"\.\./x".*"\.\." in its name'),
        (zipped(Zipped(b"l", b"/etc/passwd", mode=LINK)), {}, r'"l".*`symlinksTo`'),
        (
            zipped(Zipped(b"l", b"..", mode=LINK), Zipped(b"l/x", b"1")),
            {},
            "outside of the release",
        ),
        (zipped(Zipped(b"l", b".", mode=LINK), Zipped(b"l/x", b"1")), {}, "through the symlink"),
        (zipped(Zipped(b"d", mode=0o60666)), {}, "it is a device"),
        (zipped(Zipped(b"f", mode=0o10666)), {}, "it is a fifo"),
        (zipped(Zipped(b"a", b"1"), Zipped(b"a", b"2")), {}, "twice, with different contents"),
        (zipped(Zipped(b"a", b"x" * 2000)), {"max_size": Size(1999)}, r'"a".*`maxSize`'),
        (zipped(Zipped(b"a"), Zipped(b"b")), {"max_entries": 1}, "`maxEntries`"),
        (zipped(Zipped(b"a", bytes(65 << 20))), {}, "`maxRatio`"),
        (zipped(Zipped(b"a", b"12"))[:-1], {}, "cut short"),
        (zipped(Zipped(b"a", b"12", central={"crc": 1}, local={"crc": 1})), {}, "another CRC"),
    ],
)
def test_zip_against_the_rules_is_refused_with_its_digest(
    tmp_path: Path, content: bytes, more: dict[str, Any], reason: str
) -> None:
    """By the same rules as a tar."""
    with pytest.raises(RefusedError, match=reason) as refused:
        staged(tmp_path, content, name="app.zip", **more)
    assert refused.value.md5 == md5(content)


def test_zip_that_is_itself_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it fills the disk; names and headers have room."""
    monkeypatch.setattr("dropship.install.work.SPOOL_ROOM", 1000)
    content = zipped(Zipped(b"a", b"x" * 2000, method=0))
    assert staged(tmp_path, content, name="a.zip", max_size=Size(2000)).path.is_dir()
    with pytest.raises(RefusedError, match=r"zip itself is larger .*`maxSize`"):
        staged(tmp_path, content, name="a.zip", max_size=Size(1000))


def test_owner_set_id_and_world_write_are_not_taken_over(tmp_path: Path) -> None:
    """Files are ours; what a mode could do to others is taken out."""
    made = staged(tmp_path, tar(Member(b"x", b"1", mode=0o6777)), name="a.tar")
    info = (made.path / "x").stat()
    assert stat.S_IMODE(info.st_mode) == 0o755
    assert info.st_uid == os.geteuid()
    made = staged(tmp_path, tar(Member(b"x", b"12", mode=0o6775)), name="a.tar", keep_modes=True)
    assert stat.S_IMODE((made.path / "x").stat().st_mode) == 0o775


def test_folder_that_nobody_named_gets_0755_less_the_umask(tmp_path: Path) -> None:
    """Also the release itself."""
    before = os.umask(0o027)
    try:
        made = staged(tmp_path, tar(Member(b"a/b/x", b"1")), name="a.tar")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made.path, made.path / "a/b")]
    assert modes == [0o750, 0o750]


def test_single_file_is_a_release(tmp_path: Path) -> None:
    """With the mode that was asked for, or 0644 less the umask; gz is inflated."""
    made = staged(tmp_path, b"#!/bin/sh\n", name="tool", mode="0755")
    assert made.path.read_bytes() == b"#!/bin/sh\n"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o755
    assert made.release.entries == 1
    assert made.path.stat().st_mtime > 10**9
    before = os.umask(0o027)
    try:
        made = staged(tmp_path, SMALL, name="x.gz")
    finally:
        os.umask(before)
    assert made.path.read_bytes().startswith(b"app/x")
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o640
    assert staged(tmp_path, b"", name="empty").path.read_bytes() == b""


def test_strip_components_drops_leading_parts(tmp_path: Path) -> None:
    """As ``tar --strip-components``."""
    made = staged(tmp_path, SMALL, strip_components=1)
    assert names(made.path) == ["x"]


def test_same_entry_twice_is_fine_only_with_the_same_contents(tmp_path: Path) -> None:
    """A file that comes again must be the same, byte for byte."""
    one, two = (
        Member(b"x", b"same" * 300_000, mode=0o200),
        Member(b"x", b"same" * 299_999 + b"samE"),
    )
    made = staged(tmp_path, tgz(one, one))
    assert stat.S_IMODE((made.path / "x").stat().st_mode) == 0o200
    for other in (two, Member(b"x", b"same"), Member(b"x", one.body + b"s"), Member(b"x")):
        with pytest.raises(RefusedError, match="twice, with different contents"):
            staged(tmp_path, tgz(one, other))


@pytest.mark.parametrize(
    ("content", "more", "reason"),
    [
        (tgz(Member(b"ok"), Member(b"../\x1b[31m")), {}, r"\.\./\\x1b\[31m.*\"\.\.\" in its name"),
        (
            tgz(Member(b"l", type=b"2", target=b"/etc"), Member(b"l/x")),
            {},
            "outside of the release",
        ),
        (tgz(Member(b"l", type=b"2", target=b"."), Member(b"l/x")), {}, "through the symlink"),
        (tgz(Member(b"dev", type=b"3")), {}, "a device"),
        (tgz(Member(b"a"), end=b""), {}, "end marker"),
        (SMALL[:-4] + b"1234", {}, "gzip stream is damaged"),
        (b"<html>not found</html>", {}, "is no tar.gz|is called app.tar.gz"),
        (tgz(Member(b"a", b"x" * 2000)), {"max_size": Size(1999)}, "`maxSize`"),
        (tgz(Member(b"a"), Member(b"b")), {"max_entries": 1}, "`maxEntries`"),
        (tgz(Member(b"a", bytes(65 << 20))), {}, "`maxRatio`"),
        (SMALL, {"strip_components": 3}, "`stripComponents`"),
        (b"x" * 2000, {"name": "plain", "max_size": Size(1999)}, "`maxSize`"),
        (b"\xfd7zXZ\0", {"name": "a.tar.xz"}, "xz stream ends too early"),
    ],
)
def test_archive_against_the_rules_is_refused_with_its_digest(
    tmp_path: Path, content: bytes, more: dict[str, Any], reason: str
) -> None:
    """All bytes are read for the digest first: only verified bytes can be quarantined."""
    with pytest.raises(RefusedError, match=reason) as refused:
        staged(tmp_path, content, **more)
    assert refused.value.md5 == md5(content)
    assert cards.whole(request(tmp_path, content).layout) == []


def test_refused_archive_writes_nothing_outside(tmp_path: Path) -> None:
    """Neither beside its own folder nor through links it brings."""
    victim = tmp_path / "victim"
    victim.mkdir()
    target = os.fsencode(victim)
    for bad in (
        [Member(b"l", type=b"2", target=target), Member(b"l/x", b"1")],
        [Member(b"../../../../victim/x", b"1")],
        [Member(target + b"/x", b"1")],
        [Member(b"h", type=b"1", target=target + b"/x")],
    ):
        with pytest.raises(RefusedError):
            staged(tmp_path, tgz(*bad))
    assert names(victim) == []


@pytest.mark.parametrize(
    "more",
    [
        {"found_md5": "0" * 32},
        {"found_sha256": "0" * 64},
        {"md5": "0" * 32},
        {"sha256": "0" * 64},
    ],
)
def test_other_bytes_than_promised_are_never_kept(tmp_path: Path, more: dict[str, Any]) -> None:
    """Whoever promised them, store or configuration."""
    with pytest.raises(IntegrityError, match=r"is [0-9a-f]+, but"):
        staged(tmp_path, SMALL, **more)
    assert cards.whole(request(tmp_path, SMALL).layout) == []


def test_wrong_bytes_count_more_than_a_refusal(tmp_path: Path) -> None:
    """Broken on the way is no reason to quarantine an archive."""
    with pytest.raises(IntegrityError):
        staged(tmp_path, b"<html>", found_md5="0" * 32)


def test_promises_are_kept_in_any_case(tmp_path: Path) -> None:
    """Hex digits may be written large in a configuration."""
    sha256 = hashlib.sha256(SMALL).hexdigest().upper()
    assert staged(tmp_path, SMALL, md5=md5(SMALL).upper(), sha256=sha256).path.is_dir()


def test_longer_than_announced_is_another_artifact(tmp_path: Path) -> None:
    """The store said how long it is; more of it is something else."""
    with pytest.raises(MovedError):
        staged(tmp_path, SMALL, found_size=len(SMALL) - 1)


def test_without_length_and_digest_nothing_is_staged(tmp_path: Path) -> None:
    """Nobody could tell a cut artifact from a whole one; a pin is enough."""
    nothing = {"found_size": None, "found_md5": None}
    with pytest.raises(RepoError, match="without a length or a digest") as failed:
        staged(tmp_path, SMALL, **nothing)
    assert failed.value.permanent
    assert staged(tmp_path, SMALL, **nothing, md5=md5(SMALL)).path.is_dir()


def test_cut_connection_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    """The digest and the unpacker go on; every progress starts the count of tries anew."""
    failed: list[int] = []

    def at(offset: int) -> None:
        if offset and offset not in failed and offset < 800_000:
            failed.append(offset)
            raise RepoError("the connection broke")

    repo, watch = MemoryRepo(LARGE, at=at), CountingWatch()
    made = stage(request(tmp_path, LARGE), repo, watch, lambda: NOW)
    assert made.release.bytes == len(LARGE)
    assert len(failed) > 5
    assert repo.opened == [0, *failed]
    assert all(body.closed for body in repo.bodies)
    assert len(watch.waits) == len(failed)


def test_store_that_wants_to_be_left_alone_for_a_while_is(tmp_path: Path) -> None:
    """Never asked sooner, not by all hosts at once, and not waited for all day."""
    asks = iter([20.0, 301.0])

    def at(offset: int) -> None:
        if offset and (wait := next(asks, 0.0)):
            raise RepoError("429 Too Many Requests", wait=wait)

    repo, watch = MemoryRepo(LARGE, at=at), CountingWatch()
    with pytest.raises(RepoError, match="429") as caught:
        stage(request(tmp_path, LARGE), repo, watch, lambda: NOW)
    (waited,) = watch.waits
    assert 20.0 <= waited <= 25.0
    assert caught.value.wait == 301.0
    assert stage(request(tmp_path, LARGE), repo, watch, lambda: NOW).release.bytes == len(LARGE)


def test_connection_that_keeps_breaking_is_given_up(tmp_path: Path) -> None:
    """After five tries in a row without a byte; a permanent fault at once."""

    def at(offset: int) -> None:
        if offset:
            raise RepoError("the connection broke")

    repo, watch = MemoryRepo(LARGE, at=at), CountingWatch()
    with pytest.raises(RepoError, match="broke"):
        stage(request(tmp_path, LARGE), repo, watch, lambda: NOW)
    assert len(repo.opened) == 6
    assert watch.waits == [1, 2, 4, 8, 16]

    def gone(_offset: int) -> None:
        raise RepoError("forbidden", permanent=True)

    repo = MemoryRepo(LARGE, at=gone)
    with pytest.raises(RepoError, match="forbidden"):
        stage(request(tmp_path, LARGE), repo, CountingWatch(), lambda: NOW)
    assert repo.opened == [0]


def test_body_that_ends_early_counts_as_cut(tmp_path: Path) -> None:
    """Whatever the client library thinks of it."""
    repo = MemoryRepo(SMALL[:-10])
    with pytest.raises(RepoError, match=f"ended after {len(SMALL) - 10} of {len(SMALL)} bytes"):
        stage(request(tmp_path, SMALL), repo, CountingWatch(), lambda: NOW)


def test_artifact_that_moves_meanwhile_is_not_taken_up(tmp_path: Path) -> None:
    """It is somebody else's decision to start over."""

    def at(offset: int) -> None:
        if offset:
            raise MovedError("it is another one now")

    repo = MemoryRepo(LARGE, at=at)
    with pytest.raises(MovedError):
        stage(request(tmp_path, LARGE), repo, CountingWatch(), lambda: NOW)
    assert repo.opened == [0]


def test_progress_is_told_and_ends_at_the_total(tmp_path: Path) -> None:
    """Who watches sees bytes of how many."""
    watch = CountingWatch()
    stage(request(tmp_path, LARGE), MemoryRepo(LARGE), watch, lambda: NOW)
    done = [progress.done for progress in watch.reports]
    assert done == sorted(done)
    assert watch.reports[-1].done == watch.reports[-1].total == len(LARGE)
    assert watch.looks > 0


def test_stop_while_downloading_leaves_nothing(tmp_path: Path) -> None:
    """The fixture above sees that child and files are gone."""

    def stop() -> None:
        raise InterruptedByStop

    watch = CountingWatch(on_look=stop)
    with pytest.raises(InterruptedByStop):
        stage(request(tmp_path, LARGE), MemoryRepo(LARGE), watch, lambda: NOW)
    assert cards.whole(request(tmp_path, LARGE).layout) == []


def test_unpacker_that_is_killed_is_a_passing_fault(tmp_path: Path) -> None:
    """As by the kernel that is out of memory; it is named, and a later attempt works."""
    before = children()

    def kill(offset: int) -> None:
        if offset == 1 << 20:
            for pid in children() - before:
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(StageError, match="killed by SIGKILL"):
        stage(request(tmp_path, LARGE), MemoryRepo(LARGE, at=kill), CountingWatch(), lambda: NOW)
    assert staged(tmp_path, LARGE).path.is_dir()


def _touch_nothing(*_: Any) -> Any:
    return ctypes.string_at(0)


def _use_memory_up(*_: Any) -> Any:
    return bytearray(8 << 30)


def _fail(*_: Any) -> Any:
    raise AssertionError("a fault of ours")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_touch_nothing, "killed by SIGSEGV"),
        (os.abort, "killed by SIG(ABRT|SEGV)"),
        (_use_memory_up, "out of memory"),
        (_fail, "ended with status 70: AssertionError: a fault of ours"),
    ],
)
def test_unpacker_that_crashes_is_a_passing_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any, said: str
) -> None:
    """Whatever an archive does to the one process that reads it."""
    monkeypatch.setattr("dropship.install.work.TarReader", lambda *_: fault())
    with pytest.raises(StageError, match=said):
        staged(tmp_path, SMALL)
    monkeypatch.undo()
    assert staged(tmp_path, SMALL).path.is_dir()


def test_unpacker_that_hangs_is_ended_by_the_deadline(tmp_path: Path) -> None:
    """Also when it was stopped and takes no more input."""
    before = children()

    def halt(offset: int) -> None:
        if offset == 0:
            for pid in children() - before:
                os.kill(pid, signal.SIGSTOP)

    short = request(tmp_path, LARGE, stage_timeout=Duration.of(0.5))
    with pytest.raises(StageError, match="`stageTimeout`"):
        stage(short, MemoryRepo(LARGE, at=halt), CountingWatch(), lambda: NOW)


def test_less_than_min_free_is_refused_before_the_download(tmp_path: Path) -> None:
    """The store is not even asked."""
    repo = MemoryRepo(SMALL)
    huge = request(tmp_path, SMALL, min_free=Share(bytes=1 << 60))
    with pytest.raises(NoSpaceError, match="`minFree`"):
        stage(huge, repo, CountingWatch(), lambda: NOW)
    disk = os.statvfs(tmp_path)
    size = disk.f_blocks * disk.f_frsize
    large = request(tmp_path, SMALL, found_size=size, min_free=Share(bytes=0))
    told = rf"has no room in {tmp_path}.*: {Size(size)} are needed, and .* are free now"
    with pytest.raises(NoSpaceError, match=told) as caught:
        stage(large, repo, CountingWatch(), lambda: NOW)
    assert "minFree" not in caught.value.cure
    assert repo.opened == []


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a tmpfs")
@pytest.mark.parametrize("options", ["size=1m", "nr_inodes=40"])
def test_full_disk_is_no_space_and_leaves_nothing(tmp_path: Path, options: str) -> None:
    """Blocks or inodes; the release before stays as it was, the next attempt works."""
    small = tmp_path / "srv"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", small], check=True)
    try:
        first = staged(tmp_path, SMALL)
        many = [Member(b"f%d" % number, os.urandom(40_000)) for number in range(60)]
        with pytest.raises(NoSpaceError, match=r"room|full"):
            staged(tmp_path, tgz(*many))
        assert (first.path / "app/x").read_bytes() == b"hello"
        assert litter(request(tmp_path, SMALL).layout) == []
        assert staged(tmp_path, SMALL).path.is_dir()
    finally:
        subprocess.run(["umount", small], check=True)


def test_settings_that_are_none_are_the_operators(tmp_path: Path) -> None:
    """A mode or format that nobody knows is a fault of the configuration."""
    with pytest.raises(ConfigError, match="0999"):
        staged(tmp_path, SMALL, mode="0999")
    with pytest.raises(ConfigError, match="targz"):
        staged(tmp_path, SMALL, format="targz")


def test_discarded_release_is_gone_with_its_card(tmp_path: Path) -> None:
    """A staged release that is not wanted after all."""
    made = staged(tmp_path, SMALL)
    layout = request(tmp_path, SMALL).layout
    discard(layout, made.release)
    assert names(layout.releases) == []
    discard(layout, made.release)


def test_worker_that_is_killed_takes_its_unpacker_along(tmp_path: Path) -> None:
    """The kernel ends it; the sweep then empties ``staging/``."""
    layout = request(tmp_path, LARGE).layout
    worker = os.fork()
    if worker == 0:
        forever = MemoryRepo(LARGE, at=lambda offset: time.sleep(60) if offset > 1 << 20 else None)
        stage(request(tmp_path, LARGE), forever, CountingWatch(), lambda: NOW)
        os._exit(0)
    unpacker = wait_for(lambda: _noted(layout))
    os.kill(unpacker, signal.SIGSTOP)  # so that it does not end by itself with its input
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    wait_for(lambda: not _alive(unpacker))
    assert litter(layout)
    sweep(layout, keep=())
    assert litter(layout) == []


def test_sweep_ends_an_unpacker_that_outlived_its_worker(tmp_path: Path) -> None:
    """Told by number and start time, so that no later process of that number is hit."""
    layout = request(tmp_path, SMALL).layout
    layout.staging.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as orphan, subprocess.Popen(["sleep", "60"]) as other:
        start = Path(f"/proc/{orphan.pid}/stat").read_text().rpartition(")")[2].split()[19]
        (layout.staging / "stage-1.pid").write_text(f"{orphan.pid} {start}\n")
        (layout.staging / "stage-2.pid").write_text(f"{other.pid} {int(start) - 5000}\n")
        (layout.staging / "stage-1").mkdir()
        sweep(layout, keep=())
        assert orphan.wait(10) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()
    assert litter(layout) == []


def test_sweep_keeps_what_state_names_and_what_was_adopted(tmp_path: Path) -> None:
    """Everything else in ``releases/`` is of a driver that died before it could tell."""
    one, two = staged(tmp_path, SMALL), staged(tmp_path, SMALL)
    layout = request(tmp_path, SMALL).layout
    (layout.releases / "adopted-20200101T000000Z").mkdir()
    (layout.releases / "orphan.json").write_text("{}")
    (layout.releases / ".half.json.new").write_text("{")
    layout.new_link.symlink_to("nowhere")
    sweep(layout, keep=[two.release.name])
    assert {path.name for path in layout.releases.iterdir()} == {
        two.release.name,
        two.release.name + ".json",
        "adopted-20200101T000000Z",
    }
    assert not one.path.exists()
    assert not layout.new_link.is_symlink()


def descriptors(pid: int) -> dict[str, str]:
    """What a process has open, by number."""
    fds = Path(f"/proc/{pid}/fd")
    return {fd.name: str(fd.readlink()) for fd in fds.iterdir()}


def test_unpacker_has_two_pipes_and_no_way_to_more_privileges(tmp_path: Path) -> None:
    """Besides two to its own second process. No other descriptor of the worker's, no_new_privs, no core files, a limit on everything."""
    before = children()
    seen: dict[str, Any] = {}
    secret = os.open(tmp_path, os.O_RDONLY)
    layout = request(tmp_path, LARGE).layout

    def look(offset: int) -> None:
        if offset == 2 << 20:
            (pid,) = children() - before
            wait_for(lambda: _noted(layout))
            seen["status"] = Path(f"/proc/{pid}/status").read_text()
            second = second_of(pid)
            wait_for(lambda: descriptors(second.pid)["0"] != descriptors(pid)["0"])
            seen["fds"], seen["second"] = descriptors(pid), descriptors(second.pid)
            seen["limits"] = Path(f"/proc/{pid}/limits").read_text()

    try:
        stage(request(tmp_path, LARGE), MemoryRepo(LARGE, at=look), CountingWatch(), lambda: NOW)
    finally:
        os.close(secret)
    data, reports, errors = (seen["fds"].pop(name) for name in "012")
    assert data.startswith("pipe:")
    assert reports.startswith("pipe:")
    assert reports == errors
    between = {what for what in seen["fds"].values() if what.startswith("pipe:")}
    assert set(seen["second"].values()) - set(seen["fds"].values()) == {reports}
    assert len(between) == 2
    assert between < set(seen["second"].values())
    inside = str(tmp_path / "srv/.dropship/api/staging")
    assert all(what.startswith(inside) for what in seen["fds"].values() if what not in between)
    assert "Max core file size        0 " in seen["limits"]
    assert "NoNewPrivs:\t1" in seen["status"]
    for kind in ("Inh", "Prm", "Eff", "Amb", *(("Bnd",) if os.geteuid() == 0 else ())):
        assert f"Cap{kind}:\t0000000000000000" in seen["status"]


def test_ordinary_user_stages_alike(users_folder: Path) -> None:
    """Nothing of it needs root: folders without write permission, pipes of 64 KiB."""
    home = users_folder
    content = tgz(Member(b"ro/", type=b"5", mode=0o555), Member(b"ro/in/x", b"1", mode=0o400))

    def work() -> None:
        made = staged(home, content)
        assert stat.S_IMODE((made.path / "ro").stat().st_mode) == 0o555
        with pytest.raises(RefusedError):
            staged(home, tgz(Member(b"ro/", type=b"5", mode=0o555), Member(b"ro/../x")))
        discard(Layout(home / "srv/api", home / "srv/.dropship/api"), made.release)
        assert not made.path.exists()

    as_user(work)
    assert names(home / "srv/.dropship/api/staging") == []


def _noted(layout: Layout) -> int | None:
    """The unpacker's pid, once there is one and it has made something."""
    for note in layout.staging.glob("*.pid") if layout.staging.exists() else ():
        if note.read_text().strip() and (note.with_suffix("") / "tree" / "big").exists():
            return int(note.read_text().split()[0])
    return None


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
