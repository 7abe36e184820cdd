"""The files of a configuration on disk: which there are, and what the language makes of each.

Says what cannot be read, and knows nothing of what stands in a file: ``load`` puts it together.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dropship.config.report import Report
from dropship.hcl.ast import File, Source
from dropship.hcl.diagnostics import Diagnostic, Severity
from dropship.hcl.parser import Parsed, parse

MAIN: Final = (".hcl",)
"""How the names of main files end, of those in a folder."""

SERVICES: Final = (".hcl", ".json")
"""How the names of service files end."""

# What came out of pipes: ``validate <(…)``.
_POURED: Final[dict[Path, bytes]] = {}

_MOST_BYTES: Final = 1 << 20  # of a file("…"): a secret is short, a device is endless


# The packages' group is dropship; an administrator may have named another.
_FORBIDDEN: Final = "run it as root, or as a member of the group that may read it"


class Files:
    """Those of one run, each read once, under whatever names it is met.

    ``known`` are not parsed again, if they are still as they were.
    """

    def __init__(self, report: Report, cwd: Path, known: Sequence[Parsed] = ()) -> None:
        self._known = {one.file.source: one for one in known}
        self._report = report
        self._cwd = cwd
        self._met: dict[str, str] = {}  # real path → name

    @property
    def names(self) -> list[str]:
        """The files that were read, or should have been, as the operator knows them."""
        return list(self._met.values())

    def main(self, path: Path) -> list[File]:
        """The main files."""
        if not is_folder(self._cwd / path):
            found = self._file(path, cure="write one, or name another with --config")
            return [found] if found else []
        files = self.listed(path, MAIN)
        if not files:
            self._cannot(str(path), "this folder holds no *.hcl file", "name the main file")
        return [file for one in files if (file := self._file(one)) is not None]

    def services(self, folder: Path) -> list[File]:
        """The service files of a folder, except what was read as a main file."""
        found = [self._file(one) for one in self.listed(folder, SERVICES)]
        return [file for file in found if file is not None]

    def listed(self, folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
        """Files of a folder; none if it cannot be read, which is told."""
        try:
            return listed(folder, suffixes, self._cwd)
        except OSError as error:
            self._cannot(str(folder), error.strerror or str(error), "")
            return []

    def text(self, name: str, raw: bytes) -> File | None:
        """These bytes as a file, parsed; None if they are no text."""
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self._cannot(name, f"not UTF-8 at byte {error.start + 1}", "save it as UTF-8")
            return None
        source = Source(name, text)
        return self._taken(self._known.get(source) or parse(source))

    def parsed(self, parsed: Parsed) -> File | None:
        """A file that was parsed; None if it was before."""
        return self._taken(parsed) if self._first(parsed.file.source.name) else None

    def _file(self, path: Path, cure: str = "") -> File | None:
        """A file, read and parsed; None if it cannot be, or was read before."""
        name = str(path)
        if not self._first(name):
            return None
        try:
            raw = _content(self._cwd / path)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            hint = _FORBIDDEN if isinstance(error, PermissionError) else ""
            self._cannot(name, error.strerror or str(error), cure if missing else hint)
            return None
        return self.text(name, raw)

    def _taken(self, parsed: Parsed) -> File:
        self._report.extend(parsed.diagnostics)
        return parsed.file

    def _first(self, name: str) -> bool:
        """Whether a file is met for the first time, under whatever name."""
        real = os.path.realpath(self._cwd / name)
        if real in self._met:
            return False
        self._met[real] = name
        return True

    def _cannot(self, name: str, why: str, cure: str) -> None:
        self._report.add(unreadable(name, why, cure))


def unreadable(name: str, why: str, cure: str = "") -> Diagnostic:
    """That a file or folder cannot be read."""
    message = f"{name} cannot be read: {why}"
    return Diagnostic(Severity.ERROR, "E001", message, None, file=name, suggestion=cure or None)


def is_folder(path: Path) -> bool:
    """Whether it is one; no, where nobody may look: whoever reads it says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def listed(folder: Path, suffixes: tuple[str, ...], cwd: Path) -> list[Path]:
    """The files of a folder by how their names end, in the order of those.

    Raises:
        OSError: It cannot be read.
    """
    names = sorted(entry.name for entry in (cwd / folder).iterdir())
    # Hidden files are what editors leave behind.
    return [folder / name for name in names if name.endswith(suffixes) and not name.startswith(".")]


def listed_with_services(folder: Path, cwd: Path) -> list[Path]:
    """The ``*.hcl`` of a folder, and of the folder ``services`` in it.

    Raises:
        OSError: It cannot be read.
    """
    services = folder / "services"
    beside = listed(services, MAIN, cwd) if is_folder(cwd / services) else []
    return [*listed(folder, MAIN, cwd), *beside]


def source(path: Path, cwd: Path) -> Source:
    """A file's text as it is: positions are offsets into it, so no newline is made another.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no UTF-8.
    """
    return Source(str(path), _content(cwd / path).decode("utf-8"))


def _content(path: Path) -> bytes:
    """All that is in a file. A pipe gives it once, and is asked again by whoever looks twice."""
    if not stat.S_ISFIFO(path.stat().st_mode):
        return path.read_bytes()
    if path not in _POURED:
        _POURED[path] = path.read_bytes()
    return _POURED[path]


def short_text(path: Path) -> str:
    """What a file holds that a configuration names, which may be anything.

    Raises:
        OSError: It cannot be read.
        ValueError: It is long, or no UTF-8.
    """
    # Without waiting for a writer, should it be a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it is longer than {_MOST_BYTES} bytes")
    return content.decode("utf-8")
