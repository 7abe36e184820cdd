"""Texts in the folder of a file lock: put there whole, read with patience; marks are such texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dropship.core.values import Md5
from dropship.errors import LockError
from dropship.lockers import Mark, records

_LONGEST: Final = 64 << 10  # characters that are read
_CURE: Final = "check the lock's path and that the agent may write there"


class FileMarks:
    """Implements ``Marks`` by a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, scope: str, mark: Mark) -> None:
        """Tell everybody who shares the folder that a digest had to be taken back."""
        with told(self._folder):
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            put(self._path(scope, mark.md5), records.text(mark))

    def get(self, scope: str, md5: Md5) -> Mark | None:
        """The mark against a digest, if there is one."""
        with told(self._folder):
            said = read(self._path(scope, md5))
        return None if said is None else records.mark(said, md5)

    def clear(self, scope: str, md5: Md5) -> None:
        """Lift the mark."""
        with told(self._folder):
            self._path(scope, md5).unlink(missing_ok=True)

    def _path(self, scope: str, md5: Md5) -> Path:
        return self._folder / f"{file_name(scope)}.failed.{md5}.json"


def file_name(scope: str) -> str:
    """The scope as the beginning of a file name: no slash, and not hidden."""
    return "turn-" + quote(scope, safe=" ")


def read(path: Path) -> str | None:
    """The first line of a file; None if there is no file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(_LONGEST)
    except FileNotFoundError:
        return None


def put(path: Path, text: str) -> None:
    """Put a fresh file in the place of what is there."""
    import tempfile  # noqa: PLC0415 - brings much along, and `validate` puts nothing anywhere

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    fresh = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - mkstemp's descriptor
            file.write(f"{text}\n" if text else "")
        fresh.chmod(0o644)
        fresh.rename(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """What the kernel says of the folder, in words."""
    try:
        yield
    except OSError as error:
        raise LockError(f"the lock folder {folder}: {error.strerror}", cure=_CURE) from error
