"""The log of each service: the last that was said of it, for ``dropship logs``, agent or not.

Every event that carries the field ``service`` is appended to ``<folder of the service>/log.jsonl``
as one JSON line, the very object of ``--log-format json``: secrets are hidden already. The rules:

- Best effort. A full disk or a missing permission disturbs nobody and is said nowhere: the log on
  standard error goes on.
- One event is one write to a file opened for append, so the supervisor, a worker and a command
  line may all add to it. A line that a full disk cut short is passed over by readers.
- Bounded: a file that has grown to its limit becomes ``log.jsonl.1``, in the place of the one
  before. Whoever finds it too long renames it, holding its lock: no two do so at once, and nobody
  renames the fresh file of somebody who was faster.
- Nothing is synced: the supervisor's loop must not wait for a disk.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from dropship import log
from dropship.errors import StateError
from dropship.linux import ofd
from dropship.state.document import make_folder
from dropship.state.store import services

NAME: Final = "log.jsonl"

LIMIT: Final = 512 << 10
"""Bytes at which the file is set aside; with the one before it, twice as many are kept."""

_OLDER: Final = NAME + ".1"
_BLOCK: Final = 64 << 10
# Seconds between an event's time and its place in the file, at most, however busy the machine is.
_LATE: Final = 5.0


class Logbook(log.Keeper):
    """Keeps what is said of services, below the agent's ``state_path``."""

    def __init__(self, state_path: Path, *, limit: int = LIMIT) -> None:
        super().__init__()
        self._folder = services(state_path)
        self._limit = limit

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an event that is about a service."""
        service = getattr(record, "service", None)
        if not isinstance(service, str) or service in ("", ".", "..") or "/" in service:
            return  # of no service, or of none that a configuration can name
        # Whatever is wrong with a record or the disk: who speaks must never learn of it.
        with suppress(Exception):
            line = self.format(record) + "\n"
            # A lone surrogate becomes the escape that JSON has for it.
            self._append(self._folder / service / NAME, line.encode(errors="backslashreplace"))

    def _append(self, path: Path, line: bytes) -> None:
        fd = _opened(path)
        try:
            os.write(fd, _mended(fd) + line)
            if os.fstat(fd).st_size >= self._limit:
                _set_aside(path, fd)
        finally:
            os.close(fd)


def keep(state_path: Path) -> None:
    """From now on keep what this process, and what it forks, says of services.

    Call it after ``log.setup``; a later ``setup`` leaves it in place, whatever it reads.
    """
    with suppress(OSError):
        make_folder(services(state_path))
    log.keep(Logbook(state_path))


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        # Hooks' output is in here: not for everybody.
        return os.open(path, flags, 0o640)
    except FileNotFoundError:
        # Not durable; whoever needs the folder for more than a log sees to that.
        path.parent.mkdir(mode=0o755)
        return os.open(path, flags, 0o640)


def _mended(fd: int) -> bytes:
    """The newline that a line cut short by a full disk lacks."""
    size = os.fstat(fd).st_size
    return b"\n" if size and os.pread(fd, 1, size - 1) != b"\n" else b""


def _set_aside(path: Path, fd: int) -> None:
    """Make the file the older one, unless somebody else does or has done so."""
    if ofd.lock_exclusive(fd) and os.path.samestat(os.fstat(fd), path.lstat()):
        path.rename(path.with_name(_OLDER))


@dataclass(frozen=True, slots=True)
class Said:
    """One event of a service's log.

    Attributes:
        time: Seconds since the epoch.
        level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
        release: Which release it is about; empty if about none.
        phase: The update's phase, in the words of ``core.phase.Phase``; may be empty.
        traceback: Of several lines; mostly empty.
        pid: The process that said it.
        line: The JSON object as it stands in the file, with fields that a newer program knows.
    """

    time: float
    level: str
    message: str
    service: str = ""
    release: str = ""
    phase: str = ""
    traceback: str = ""
    pid: int = 0
    line: str = field(default="", repr=False, compare=False)


def newest(state_path: Path, service: str, limit: int) -> tuple[Said, ...]:
    """The last ``limit`` events of a service by their time, oldest first; torn lines are passed over.

    Where the clock was set back by more than a few seconds, what was said before that comes first.
    Reads from the end, no more than is needed.

    Raises:
        StateError: The log may not be read.
    """
    if limit <= 0:
        return ()
    found = [*_no_more_than_needed(_backwards(services(state_path) / service / NAME), limit)]
    ordered: list[Said] = []
    run: list[Said] = []
    for said in reversed(found):
        if run and _set_back(run[-1], said):
            ordered += sorted(run, key=_time)
            run = []
        run.append(said)
    return tuple([*ordered, *sorted(run, key=_time)][-limit:])


def _no_more_than_needed(backwards: Iterator[Said], limit: int) -> Iterator[Said]:
    """As many events as are wanted, and those before them that may have been said after them.

    Several processes write, so what was said first may have been written second.
    """
    earliest = math.inf
    after: Said | None = None
    for number, said in enumerate(backwards):
        if after is not None and _set_back(said, after):
            earliest = math.inf  # later events are in no order with those that come now
        if number < limit:
            earliest = min(earliest, said.time)
        elif said.time < earliest - _LATE or earliest == math.inf:
            return
        yield said
        after = said


def _set_back(before: Said, after: Said) -> bool:
    """Whether the clock was, between two events that were written one after the other."""
    return before.time - after.time > _LATE


def _time(said: Said) -> float:
    return said.time


def _backwards(path: Path) -> Iterator[Said]:
    """Every event, the newest first."""
    fds: list[int] = []
    try:
        # Both at once, the newer one first: should it be set aside in between, it is met twice,
        # which can be seen; the other way round it would be missed.
        for one in (path, path.with_name(_OLDER)):
            fd = _readable(one)
            if fd is not None:
                fds.append(fd)
        if len(fds) == 2 and os.path.samestat(*map(os.fstat, fds)):
            os.close(fds.pop())
        for fd in fds:
            for line in _lines_backwards(fd):
                yield from _parsed(line)
    except OSError as error:
        raise StateError(
            f"cannot read {path}: {error.strerror}", cure="run as the agent's user"
        ) from error
    finally:
        for fd in fds:
            os.close(fd)


def _readable(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None


def _lines_backwards(fd: int) -> Iterator[bytes]:
    end, begun = os.fstat(fd).st_size, b""
    while end > 0:
        start = max(0, end - _BLOCK)
        begun, *whole = (os.pread(fd, end - start, start) + begun).split(b"\n")
        yield from reversed(whole)
        end = start
    yield begun


def _parsed(line: bytes) -> Iterator[Said]:
    try:
        data = json.loads(line)
        yield _said(data, line.decode())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return


def _said(data: dict[str, Any], line: str) -> Said:
    # Python 3.10 does not know the Z.
    moment = datetime.fromisoformat(data["time"].replace("Z", "+00:00"))
    texts = ("service", "release", "phase", "traceback")
    return Said(
        time=moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp(),
        level=str(data["level"]),
        message=str(data["message"]),
        **{name: str(data.get(name, "")) for name in texts},
        pid=int(data.get("pid", 0)),
        line=line,
    )
