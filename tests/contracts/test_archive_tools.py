"""Archives by the tools that people pack with, against the trees that GNU tar and unzip make.

Contents, modes, times, links, names: whatever can be seen of a tree must be the same.
"""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.archives.packing import zstd
from tests.archives.tars import packed
from tests.folders import names
from tests.install.stagings import staged
from tests.tools import needed

ENVIRON: Final = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

COMPRESSORS: Final[Mapping[str, tuple[str, ...]]] = {
    "tar": ("cat",),
    "tar.gz": ("gzip", "-9"),
    "tar.bz2": ("bzip2",),
    "tar.xz": ("xz", "-0"),
    "tar.zst": ("zstd", "-q"),
}


def plain(folder: Path) -> None:
    """What every format can hold."""
    (folder / "bin").mkdir(parents=True)
    (folder / "empty").mkdir(mode=0o750)
    (folder / "locked").mkdir()
    (folder / "locked/file").write_bytes(b"1")
    (folder / "bin/run").write_bytes(b"#!/bin/sh\n" * 10_000)
    (folder / "bin/run").chmod(0o755)
    (folder / "bin/only-mine").write_bytes(b"")
    (folder / "bin/only-mine").chmod(0o400)
    (folder / "bin/back\\slash").write_bytes(os.urandom(300_000))
    (folder / "current").symlink_to("bin/run")
    (folder / "dangling").symlink_to("bin/not-yet")
    (folder / "two words \u00e9\U0001f6a2").write_bytes(b"unicode")


def rich(folder: Path) -> None:
    """What needs extensions of one kind or another: long names, odd bytes, hard links, holes."""
    plain(folder)
    (folder / "bin/also").hardlink_to(folder / "bin/run")
    os.close(os.open(os.fsencode(folder) + b"/caf\xe9\n", os.O_CREAT))
    (folder / ("long " * 45)).mkdir()
    (folder / ("long " * 45) / ("name " * 40)).write_bytes(b"deep")
    (folder / "far").symlink_to("bin/" * 50 + "run")
    with (folder / "holes").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"in the middle")
        file.truncate(3 << 20)


def dated(folder: Path) -> Path:
    """Times of its own for everything, in a folder that cannot be written to."""
    (folder / "locked").chmod(0o555)
    paths = sorted(folder.rglob("*"), reverse=True)
    for number, path in enumerate(paths):
        os.utime(path, ns=(0, (10**9 + 2 * number) * 10**9 + 5 * number), follow_symlinks=False)
    return folder


def listing(root: Path, *, links: bool = True) -> dict[str, tuple[object, ...]]:
    """All that can be seen of a tree. ``links``: also what unzip does not do for links."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        what: object = None
        if path.is_symlink():
            what = str(path.readlink())
        elif path.is_file():
            what = path.read_bytes()
        count = info.st_nlink if links and stat.S_ISREG(info.st_mode) else 0
        when = info.st_mtime_ns if links or not path.is_symlink() else 0
        found[os.path.relpath(path, root)] = (info.st_mode, when, count, what)
    return found


def run(*command: str | Path, content: bytes | None = None, cwd: Path | None = None) -> bytes:
    """A tool's output."""
    tool, *rest = map(str, command)
    done = subprocess.run(
        [needed(tool), *rest],
        input=content,
        cwd=cwd,
        env=ENVIRON,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return done.stdout


def by_gnu_tar(content: bytes, folder: Path) -> None:
    """Unpack a tar that is not compressed."""
    run(
        "tar",
        "xf",
        "-",
        "-C",
        folder,
        "--no-same-owner",
        "--delay-directory-restore",
        content=content,
    )


def by_unzip(content: bytes, folder: Path) -> None:
    """Unpack a zip."""
    archive = folder.with_name("theirs.zip")
    archive.write_bytes(content)
    run("unzip", "-q", archive, "-d", folder)


Make = Callable[[Path], bytes]

TAR: Final[Mapping[str, tuple[Callable[[Path], None], Make]]] = {
    **{
        f"GNU tar {form}": (
            plain if form in ("v7", "ustar") else rich,
            lambda source, form=form: run("tar", "-c", f"--format={form}", "-C", source, "."),
        )
        for form in ("v7", "ustar", "oldgnu", "gnu", "pax")
    },
    "GNU tar --sparse": (rich, lambda source: run("tar", "-cS", "-C", source, ".")),
    "GNU tar names": (
        plain,
        lambda source: run("tar", "-c", "-C", source, *names(source)),
    ),
    **{
        f"bsdtar {form}": (
            plain if form in ("v7", "ustar") else rich,
            lambda source, form=form: run(
                "bsdtar", "-c", f"--format={form}", "-C", source, "-f", "-", "."
            ),
        )
        for form in ("v7", "ustar", "gnutar", "pax", "rpax")
    },
    **{
        f"tarfile {number}": (
            plain if number == tarfile.USTAR_FORMAT else rich,
            lambda source, number=number: packed(source, "w", number),
        )
        for number in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    },
}


def by_zipfile(source: Path, method: int) -> bytes:
    """As Python's own module packs files and folders; it knows nothing of links."""
    archive = source.with_name("ours.zip")
    with zipfile.ZipFile(archive, "w", method) as target:
        for path in sorted(source.rglob("*")):
            if not path.is_symlink():
                target.write(path, path.relative_to(source))
    return archive.read_bytes()


def by_zip(source: Path, *options: str) -> bytes:
    """As Info-ZIP's zip writes a file, which it can go back in."""
    archive = source.with_name("ours.zip")
    run("zip", "-qry", *options, archive, ".", cwd=source)
    return archive.read_bytes()


ZIP: Final[Mapping[str, Make]] = {
    "zip": by_zip,
    "zip -9X": lambda source: by_zip(source, "-9X"),
    "zip -0": lambda source: by_zip(source, "-0"),
    "zip -fz": lambda source: by_zip(source, "-fz"),
    "zip to a pipe": lambda source: run("zip", "-qr", "-", "bin", "locked", cwd=source),
    "zip -fd to a pipe": lambda source: run("zip", "-fd", "-qr", "-", "bin", cwd=source),
    "bsdtar": lambda source: run("bsdtar", "-c", "--format=zip", "-C", source, "-f", "-", "."),
    "bsdtar store": lambda source: run(
        "bsdtar", "-c", "--format=zip", "--options=compression=store", "-C", source, "-f", "-", "."
    ),
    "zipfile deflated": lambda source: by_zipfile(source, zipfile.ZIP_DEFLATED),
    "zipfile stored": lambda source: by_zipfile(source, zipfile.ZIP_STORED),
}


@pytest.mark.parametrize("tool", TAR)
def test_tar_of_every_tool_becomes_the_tree_that_gnu_tar_makes(tmp_path: Path, tool: str) -> None:
    """Whichever of the formats that are all called tar."""
    fill, make = TAR[tool]
    source, theirs = tmp_path / "source", tmp_path / "theirs"
    fill(source)
    content = make(dated(source))
    theirs.mkdir()
    by_gnu_tar(content, theirs)
    ours = staged(tmp_path, content, name="app.tar")
    assert listing(ours.path) == listing(theirs)
    assert "bin/run" in listing(theirs)


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_tar_of_every_compression_becomes_the_same_tree(tmp_path: Path, suffix: str) -> None:
    """By the real programs, at once and in two parts behind each other."""
    source = tmp_path / "source"
    rich(source)
    content = run("tar", "-c", "--format=pax", "-C", dated(source), ".")
    tool = COMPRESSORS[suffix]
    half = len(content) // 2
    whole = run(*tool, content=content)
    parts = run(*tool, content=content[:half]) + run(*tool, content=content[half:])
    for archive in (whole, parts):
        ours = staged(tmp_path, archive, name=f"app.{suffix}")
        assert listing(ours.path) == listing(source)


@pytest.mark.parametrize("options", [("--ultra", "-20"), ("--long=27",), ("--no-check",), ("-T2",)])
def test_zstd_with_other_options(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The largest windows that need no option to unpack."""
    source = tmp_path / "source"
    plain(source)
    content = run("zstd", "-q", *options, content=run("tar", "-c", "-C", dated(source), "."))
    made = staged(tmp_path, content, name="app.tar.zst")
    assert (made.path / "bin/run").read_bytes() == (source / "bin/run").read_bytes()


@pytest.mark.parametrize("options", [("-9e",), ("--check=sha256",), ("--block-size=65536", "-T2")])
def test_xz_with_other_options(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The best, the safest, and many blocks."""
    source = tmp_path / "source"
    plain(source)
    content = run("xz", *options, content=run("tar", "-c", "-C", dated(source), "."))
    made = staged(tmp_path, content, name="app.tar.xz")
    assert (made.path / "bin/run").read_bytes() == (source / "bin/run").read_bytes()


def test_python_packs_zstd_alike(tmp_path: Path) -> None:
    """Without the program."""
    source = tmp_path / "source"
    plain(source)
    made = staged(tmp_path, zstd(packed(dated(source), "w")), name="app.tar.zst")
    assert (made.path / "current").is_symlink()


@pytest.mark.parametrize("tool", ZIP)
def test_zip_of_every_tool_becomes_the_tree_that_unzip_makes(tmp_path: Path, tool: str) -> None:
    """Stored, deflated, streamed, with zip64; times by extended timestamp or by MS-DOS."""
    source, theirs = tmp_path / "source", tmp_path / "theirs"
    plain(source)
    content = ZIP[tool](dated(source))
    theirs.mkdir()
    by_unzip(content, theirs)
    ours = staged(tmp_path, content, name="app.zip")
    assert listing(ours.path, links=False) == listing(theirs, links=False)
    assert "bin/run" in listing(theirs, links=False)
