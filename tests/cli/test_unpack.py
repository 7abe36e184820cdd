"""``dropship unpack``, from outside."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.archives.tars import Member, tgz
from tests.folders import names

ROOT = Path(__file__).parents[2]
LAYERS = [
    *(("network-namespace", "ipc-namespace", "pid-namespace", "chroot") * (os.geteuid() == 0)),
    *("capabilities", "no_new_privs", "landlock", "rlimits", "pdeathsig"),
]
GOOD = tgz(
    Member(b"./", type=b"5", mode=0o700),
    Member(b"./bin/", type=b"5", mode=0o755),
    Member(b"./bin/x", b"hello", mode=0o755),
)


def unpack(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "dropship", "unpack", *map(str, args)],
        cwd=cwd or ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A good archive, in a folder of its own."""
    path = tmp_path / "store" / "app.tar.gz"
    path.parent.mkdir()
    path.write_bytes(GOOD)
    return path


def told(content: bytes, **more: Any) -> dict[str, Any]:
    """What ``--format json`` says of an artifact."""
    fields: dict[str, Any] = {
        "accepted": True,
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "layers": LAYERS,
        "error": None,
    }
    return fields | more


def test_good_archive_is_accepted(archive: Path, tmp_path: Path) -> None:
    """DEST is made 0755 less the umask and holds what the agent would install."""
    done = unpack(archive, tmp_path / "look", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == told(GOOD, entries=3, bytes=5)
    assert (tmp_path / "look/bin/x").read_bytes() == b"hello"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "look").stat().st_mode) == 0o755 & ~umask
    assert names(tmp_path) == ["look", "store"]


def test_text_says_the_same(archive: Path, tmp_path: Path) -> None:
    """For people."""
    done = unpack(archive, tmp_path / "look")
    assert done.returncode == 0
    assert "accepted" in done.stdout
    assert "entries 3" in done.stdout
    assert told(GOOD)["sha256"] in done.stdout


def test_empty_folder_is_filled_in_place(archive: Path, tmp_path: Path) -> None:
    """Also the working directory itself, which stays the same folder."""
    look = tmp_path / "look"
    look.mkdir(mode=0o711)
    inode = look.stat().st_ino
    done = unpack(archive, ".", "--strip", "1", cwd=look)
    assert done.returncode == 0, done.stderr
    assert names(look) == ["x"]
    assert (look.stat().st_ino, stat.S_IMODE(look.stat().st_mode)) == (inode, 0o711)


@pytest.mark.parametrize("there", [False, True])
def test_single_file_becomes_dest(tmp_path: Path, there: bool) -> None:
    """Where an empty folder was too."""
    (tmp_path / "tool").write_bytes(b"#!/bin/sh\n")
    if there:
        (tmp_path / "look").mkdir()
    done = unpack(tmp_path / "tool", tmp_path / "look", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == told(b"#!/bin/sh\n", entries=1, bytes=10)
    assert (tmp_path / "look").read_bytes() == b"#!/bin/sh\n"


@pytest.mark.parametrize("there", [False, True])
def test_refused_archive_leaves_dest_as_it_was(tmp_path: Path, there: bool) -> None:
    """The reason names the entry, escaped; the digests are of all that was read."""
    content = tgz(Member(b"ok", b"1"), Member(b"../\x1b]evil", b"2"))
    (tmp_path / "bad.tar.gz").write_bytes(content)
    if there:
        (tmp_path / "look").mkdir()
    done = unpack(tmp_path / "bad.tar.gz", tmp_path / "look", "--format", "json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said == told(content, accepted=False, entries=2, bytes=2, error=said["error"])
    assert r'"../\x1b]evil"' in said["error"]
    assert (tmp_path / "look").exists() == there
    assert not there or names(tmp_path / "look") == []
    assert set(names(tmp_path)) <= {"bad.tar.gz", "look"}
    text = unpack(tmp_path / "bad.tar.gz", tmp_path / "look")
    assert text.returncode == 1
    assert text.stderr.startswith("dropship: the archive's entry")
    assert "Traceback" not in text.stderr


def test_other_dest_is_wrong_usage_and_left_alone(archive: Path, tmp_path: Path) -> None:
    """A file, a folder with something in it, a folder that is nowhere."""
    (tmp_path / "file").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("precious")
    (tmp_path / "dangling").symlink_to("nowhere/at/all")
    for dest in ("file", "full", "none/at/all", "dangling"):
        done = unpack(archive, tmp_path / dest)
        assert done.returncode == 2, dest
        assert done.stderr.startswith("dropship: ")
    assert (tmp_path / "file").read_text() == "precious"
    assert names(tmp_path / "full") == ["x"]


def test_missing_archive_is_wrong_usage(tmp_path: Path) -> None:
    """As is a folder."""
    assert unpack(tmp_path / "none.tar.gz", tmp_path / "look").returncode == 2
    assert unpack(tmp_path, tmp_path / "look").returncode == 2
    assert names(tmp_path) == []
