"""A folder whose surroundings are watched, and a look at what was unpacked into it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.archives.leads import leads_to, stays_in
from tests.hostile.case import FOLDER, Case

OUTSIDE = Path("/tmp/dropship-hostile")
"""What absolute names of the cases lead to."""


class Surroundings:
    """Files and folders beside the one that is unpacked into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.inner = folder / "stage"
        sentinel = folder / "sentinel"
        sentinel.mkdir()
        (sentinel / "file").write_bytes(b"precious")
        (sentinel / "link").symlink_to("file")
        (sentinel / "folder").mkdir(mode=0o750)
        (folder / "beside").write_bytes(b"precious too")
        (folder / "stage.pid").write_bytes(b"")
        self._before = self._seen()

    @contextmanager
    def emptied(self) -> Iterator[Path]:
        """An empty folder, gone afterwards."""
        self.inner.mkdir(mode=0o700)
        # Its own links and entries are of no interest to what is around it.
        try:
            yield self.inner
        finally:
            _make_removable(self.inner)
            shutil.rmtree(self.inner)

    def changes(self) -> list[str]:
        """What is different around it."""
        now = self._seen()
        found = [
            path
            for path in sorted(self._before.keys() | now.keys())
            if self._before.get(path) != now.get(path)
        ]
        if os.path.lexists(OUTSIDE):
            found.append(str(OUTSIDE))
        return found

    def _seen(self) -> dict[str, tuple[object, ...]]:
        seen: dict[str, tuple[object, ...]] = {}
        for path in _walked(self._folder):
            if (
                path in (self._folder, self.inner)
                or self.inner in path.parents
                or path.name == "stage.pid"
            ):
                continue
            info = path.lstat()
            what: object = None
            if stat.S_ISREG(info.st_mode):
                what = path.read_bytes()
            elif stat.S_ISLNK(info.st_mode):
                what = path.readlink()
            seen[str(path)] = (
                info.st_mode, info.st_uid, info.st_gid, info.st_nlink, info.st_ino,
                info.st_size, info.st_mtime_ns, what,
            )  # fmt: skip
        return seen


def faults(root: Path, case: Case, *, accepted: bool) -> list[str]:
    """What is wrong with what was unpacked into ``root``, whether it was accepted or not."""
    found = [fault for path in _walked(root) for fault in _fault(path, root, accepted=accepted)]
    if accepted and case.tree is not None:
        there = _tree(root)
        if there != dict(case.tree):
            found.append(f"the tree is {there}")
    return found


def _fault(path: Path, root: Path, *, accepted: bool) -> Iterator[str]:
    mode = path.lstat().st_mode
    if mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        yield f"{path} has the mode {mode:o}"
    if mode & 0o022 and not stat.S_ISLNK(mode):
        yield f"{path} may be written to by others: {mode:o}"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        yield f"{path} is no file, folder or link: {mode:o}"
    if accepted and stat.S_ISLNK(mode) and not stays_in(str(path), str(root), "/usr/"):
        yield f"{path} leads to {leads_to(str(path))}"


def _tree(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in _walked(root):
        if path == root:
            continue
        info = path.lstat()
        what: object = FOLDER
        if stat.S_ISLNK(info.st_mode):
            what = f"->{os.readlink(path)}"  # noqa: PTH115 - Path would drop dots
        elif stat.S_ISREG(info.st_mode):
            what = path.read_bytes() if info.st_size < 1 << 20 else info.st_size
        found[os.path.relpath(path, root)] = what
    return found


def _walked(root: Path) -> Iterator[Path]:
    """All of a tree; links are not even looked through, which some make a long way."""
    yield root
    todo = [root]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                yield path
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path)


def _make_removable(root: Path) -> None:
    for path in _walked(root):
        if stat.S_ISDIR(path.lstat().st_mode):
            path.chmod(0o700)
