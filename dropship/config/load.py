"""Files on disk → ``Loaded``: the configuration, and everything that is wrong with it.

With ``files`` the only part of ``config`` that touches files. Never raises for what stands in
them, nor for a file that cannot be read: both are diagnostics.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from dropship.config import decode, paths
from dropship.config.check import Host, check, secrets
from dropship.config.files import MAIN, SERVICES, Files, is_folder, listed, short_text, source
from dropship.config.model import Config
from dropship.config.owners import Accounts
from dropship.config.reader import Reader
from dropship.config.report import Report
from dropship.config.resolver import Mode, Resolver
from dropship.config.sketch import Frame
from dropship.core.values import Secret
from dropship.errors import LockError
from dropship.hcl.ast import File, ObjectValue, Source, Span, StringValue, Value
from dropship.hcl.diagnostics import Diagnostic, Severity
from dropship.hcl.parser import Parsed, parse
from dropship.linux import accounts
from dropship.lockers import default

__all__ = [
    "DEFAULT",
    "Loaded",
    "Mode",
    "Read",
    "Surroundings",
    "are_service_files",
    "candidates",
    "configured_files",
    "load",
    "load_alone",
    "read",
    "run_path",
]

DEFAULT: Final = Path("/etc/dropship.d/dropship.hcl")


class Loaded(NamedTuple):
    """What came of loading.

    Attributes:
        config: None if there is an error anywhere.
        diagnostics: Of all files, in the order of files and lines.
        files: Those that were read, or should have been, as the operator knows them.
        service_names: In the order they were found, those at fault included.
        masked: What must not be drawn of source lines.
        unsettled: Turns are asked for without a lock block, and what stands in is not chosen yet.
        secrets: Every one that was decoded, also of blocks that nothing uses, and where there are
            errors.
    """

    config: Config | None
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    service_names: tuple[str, ...]
    masked: tuple[Span, ...]
    secrets: frozenset[Secret]
    unsettled: bool = False

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that make it invalid."""
        return tuple(one for one in self.diagnostics if one.severity is Severity.ERROR)


class Surroundings(NamedTuple):
    """What a configuration is read in: environment, working directory, user, and how strictly."""

    environ: Mapping[str, str]
    cwd: Path
    euid: int
    mode: Mode


def load(  # noqa: PLR0913 - the surroundings, one by one, as callers have them
    path: Path,
    *,
    environ: Mapping[str, str],
    cwd: Path,
    euid: int,
    mode: Mode = Mode.REQUIRE,
    known: Sequence[Parsed] = (),
) -> Loaded:
    """Read a main file, or a folder of them, and the services it leads to.

    ``known`` are not parsed again, if they are still as they were.
    """
    loader = _Loader(Surroundings(environ, cwd, euid, mode), known)
    main = loader.files.main(path)
    if not main:
        return loader.nothing()
    top = decode.Top.read(loader.reader, main)
    folder = _service_folder(path, top, cwd)
    return loader.finish(path, top, loader.services(top, folder), folder, alone=False)


def run_path(path: Path, *, environ: Mapping[str, str], cwd: Path, euid: int) -> Path:
    """Where the agent of a configuration is to be found, as far as can be told of a faulty one."""
    loader = _Loader(Surroundings(environ, cwd, euid, Mode.LENIENT))
    main = _brief(path, cwd) or loader.files.main(path)
    found: Path | None = (
        decode.Top.read(loader.reader, main).values.get("run_path") if main else None
    )
    return found or paths.run_path(environ, euid)


def _brief(path: Path, cwd: Path) -> list[File]:
    """The main files without their services; none where the whole of them is to be read."""
    from dropship.config.brief import brief  # noqa: PLC0415 - who checks a file reads all of it

    try:
        files = listed(path, MAIN, cwd) if is_folder(cwd / path) else [path]
        texts = [source(one, cwd) for one in files]
    except (OSError, ValueError):
        return []
    parsed = [parse(Source(one.name, brief(one.text))) for one in texts]
    faulty = any(one.severity is Severity.ERROR for file in parsed for one in file.diagnostics)
    return [] if faulty else [file.file for file in parsed]


def load_alone(
    files: Sequence[Parsed],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    euid: int,
    mode: Mode = Mode.WARN,
) -> Loaded:
    """Read service files without their main file: what that would define is not missed."""
    loader = _Loader(Surroundings(environ, cwd, euid, mode))
    found = [file for one in files if (file := loader.files.parsed(one)) is not None]
    top = decode.Top.read(loader.reader, [_EMPTY])
    return loader.finish(Path(found[0].source.name), top, found, None, alone=True)


def candidates(path: Path, cwd: Path) -> list[Parsed]:
    """The files that ``path`` means, if they may be service files; else none.

    Those have no folder of services beside them.
    """
    try:
        whole = cwd / path
        files = listed(path, SERVICES, cwd) if is_folder(whole) else [path]
        beside = (whole if is_folder(whole) else whole.parent) / "services"
        if is_folder(beside):
            return []
        return [parse(source(file, cwd)) for file in files]
    except (OSError, ValueError):
        return []  # whoever loads it says why


def are_service_files(parsed: Sequence[Parsed]) -> bool:
    """Whether files hold ``service`` blocks and nothing else."""
    faulty = any(one.severity is Severity.ERROR for file in parsed for one in file.diagnostics)
    return decode.only_services([one.file for one in parsed], faulty=faulty)


class Read(NamedTuple):
    """One file by itself, as the language has it.

    Attributes:
        file: Its tree; what could be read of it where it is faulty. None: it is no text.
        diagnostics: What the language finds wrong with it.
        masked: What must not be drawn of it.
    """

    file: File | None
    diagnostics: tuple[Diagnostic, ...]
    masked: tuple[Span, ...]

    @property
    def faulty(self) -> bool:
        """Whether there is an error."""
        return any(one.severity is Severity.ERROR for one in self.diagnostics)


def read(name: str, raw: bytes, *, environ: Mapping[str, str], cwd: Path, euid: int) -> Read:
    """Read these bytes as a file of this name; only for its secrets is it looked at more closely.

    That is where it is faulty: nothing is drawn of others.
    """
    loader = _Loader(Surroundings(environ, cwd, euid, Mode.LENIENT))
    file = loader.files.text(name, raw)
    found = loader.report.diagnostics
    if file is not None and loader.failed():
        top = decode.Top.read(loader.reader, [file])
        decode.services(loader.reader, top, [], alone=True)
    shown, masked = _hidden(found, loader.report.masked)
    return Read(file, shown, masked)


def configured_files(
    path: Path, *, environ: Mapping[str, str], cwd: Path, euid: int
) -> tuple[list[Path], tuple[Diagnostic, ...]]:
    """The main file, or those of the main folder, and the service files; and what is not there."""
    loader = _Loader(Surroundings(environ, cwd, euid, Mode.LENIENT))
    top = decode.Top.read(loader.reader, loader.files.main(path) or [_EMPTY])
    folder = _service_folder(path, top, cwd)
    services = loader.files.listed(folder, SERVICES) if is_folder(cwd / folder) else []
    absent = tuple(one for one in loader.report.diagnostics if one.span is None)
    gone = {one.file for one in absent}
    return [*(Path(name) for name in loader.files.names if name not in gone), *services], absent


def _hidden(
    found: Sequence[Diagnostic], masked: tuple[Span, ...]
) -> tuple[tuple[Diagnostic, ...], tuple[Span, ...]]:
    """The diagnostics without secrets, and what else must not be drawn of their lines."""
    if not found:
        return (), masked
    from dropship.config.masks import masks, redacted  # noqa: PLC0415 - most are sound

    masked = (*masked, *masks(found))
    return redacted(found, masked), masked


_NOTHING: Final = Source("", "")
_EMPTY: Final = File(_NOTHING, ObjectValue((), Span(_NOTHING, 0, 0)))


class _Loader:
    """One run: what was read, what was found."""

    def __init__(self, around: Surroundings, known: Sequence[Parsed] = ()) -> None:
        self.around = around
        self.report = Report()
        self.files = Files(self.report, around.cwd, known)
        self.resolver = Resolver(around.environ, short_text, around.cwd, around.mode)
        self.reader = Reader(self.report, self.resolver, around.cwd)

    def services(self, top: decode.Top, folder: Path) -> list[File]:
        """The service files, except what was read as a main file."""
        whole = self.around.cwd / folder
        if not is_folder(whole):
            item = next(iter(top.body.named("servicepath")[::-1]), None)
            if item and "service_path" in top.values:
                why = "is not a folder" if whole.exists() else "does not exist"
                beside = self._beside(top.body.header.source.name, item.value)
                cure = (
                    f"write {beside}: a path is relative to the working directory"
                    if beside
                    else None
                )
                message = f"the service_path {whole} {why}"
                self.report.warning("W002", message, item.value.span, suggestion=cure)
            return []
        return self.files.services(folder)

    def _beside(self, main: str, said: Value) -> Path | None:
        """The folder beside the main file that was probably meant."""
        if not isinstance(said, StringValue):
            return None
        meant = Path(os.path.normpath(self.around.cwd / Path(main).parent / said.text))
        return meant if is_folder(meant) else None

    def finish(
        self, main: Path, top: decode.Top, files: list[File], folder: Path | None, *, alone: bool
    ) -> Loaded:
        """Decode the services, make the whole, check it."""
        top.values.setdefault("state_path", self._default(paths.state_path))
        turns = None if alone else _turns(top.values["state_path"])
        found = decode.services(self.reader, top, files, alone=alone, turns=turns)
        told = any(one.code == "W002" for one in self.report.diagnostics)
        if not found.names and not told and not self.failed():
            self.report.warning(
                "W003",
                "no service is defined",
                top.body.header,
                suggestion=f"add files with service blocks to {folder}" if folder else None,
            )
        top.values.setdefault("run_path", self._default(paths.run_path))
        top.values["service_path"] = self.around.cwd / folder if folder else None
        config: Config | None = top.values.make(
            Config,
            main=Path(os.path.normpath(self.around.cwd / main)),
            services=found.sound,
            environ_read=frozenset(self.resolver.names),
            secrets=self.report.decoded,
        )
        host = self._host()
        check(found, self._frame(top, main), host, self.report)
        secrets(self.report, host, self.around.cwd)
        uses = any(one.lock is not None and one.lock.stands_in for one in found.sound)
        return self._loaded(config, found.names)._replace(unsettled=uses and turns is None)

    def _frame(self, top: decode.Top, main: Path) -> Frame:
        own = {key: top.values.get(key) for key in ("state_path", "run_path", "service_path")}
        own["configuration"] = Path(os.path.normpath(self.around.cwd / main))
        known = {name: path for name, path in own.items() if path is not None}
        group = next(iter(top.body.named("socketgroup")[::-1]), None)
        place = (top.values.get("socket_group", ""), group.value.span) if group else None
        return Frame(known, top.values.get("stop_timeout"), place)

    def nothing(self) -> Loaded:
        """Nothing could be read."""
        return self._loaded(None, [])

    def _loaded(self, config: Config | None, names: Sequence[str]) -> Loaded:
        order = {name: number for number, name in enumerate(self.files.names)}
        found = sorted(self.report.diagnostics, key=lambda one: _place(one, order))
        shown, masked = _hidden(found, self.report.masked)
        usable = None if self.failed() else config
        decoded = self.report.decoded
        return Loaded(usable, shown, tuple(self.files.names), tuple(names), masked, decoded)

    def failed(self) -> bool:
        """Whether there is an error so far."""
        return any(one.severity is Severity.ERROR for one in self.report.diagnostics)

    def _default(self, which: Callable[[Mapping[str, str], int], Path]) -> Path:
        return which(self.around.environ, self.around.euid)

    def _host(self) -> Host:
        home = paths.home(self.around.environ, self.around.euid)
        mode = self.around.mode
        known = Accounts(accounts.user, accounts.group, self.around.euid, os.getegid())
        return Host(
            home,
            _passwd(),
            lambda path: path.stat().st_mode,
            None if mode is Mode.LENIENT else known,
            runs=mode is Mode.REQUIRE,
        )


def _turns(state_path: Path) -> default.Choice | LockError | None:
    try:
        return default.chosen(state_path / "locks")
    except LockError as error:
        return error


def _passwd(path: Path = Path("/etc/passwd")) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # a container may have none


def _service_folder(main: Path, top: decode.Top, cwd: Path) -> Path:
    """``services`` beside the main file (in the main folder), unless it says otherwise."""
    said: Path | None = top.values.get("service_path")
    if said is not None:
        return said
    return (main if is_folder(cwd / main) else main.parent) / "services"


def _place(diagnostic: Diagnostic, order: Mapping[str, int]) -> tuple[int, int]:
    span = diagnostic.span
    name = span.source.name if span else diagnostic.file
    return order.get(name, len(order)), span.start if span else -1
