"""Turns by locks on files: on one host, or on all that mount a share (NFSv4).

There are as many slot files as turns, and a turn is an open file description lock on one of them.
They are never deleted, so that everybody locks the same file; breaking a turn puts a fresh file in
the place of the holder's, and the holder sees that at its next check. There is no time to live:
the kernel, or the NFS server's own lease, frees the lock of a holder that died.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from dropship.core.option import option
from dropship.core.values import Md5
from dropship.core.watch import Progress, Watch
from dropship.errors import LeaseLostError, LockError
from dropship.linux import ofd
from dropship.lockers import Holder, Mark, nfs

_POLL: Final = (0.1, 0.4)  # seconds between two tries, at random so that hosts do not beat in step
_LONGEST: Final = 64 << 10  # bytes of a slot or a mark that are read
_CURE: Final = "check the lock's path and that the agent may write there"


@dataclass(frozen=True, slots=True)
class FileLockerOptions:
    """Keys of a ``file`` lock."""

    path: Path | None = option(
        None,
        otherwise="`locks` in `state_path`",
        doc="Folder of the lock files, which may be on a share.",
    )


class FileLocker:
    """Gives turns by locks on files in a folder; ``folder`` is the agent's own."""

    Options = FileLockerOptions

    def __init__(self, options: FileLockerOptions, folder: Path) -> None:
        self._own = folder
        self._folder = options.path or folder

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> FileLease:
        """Wait up to ``timeout`` seconds for one of ``limit`` turns of ``scope``.

        Raises:
            LockError: No turn in time, or the folder cannot be used.
        """
        import random  # noqa: PLC0415 - nothing for who only reads a configuration

        deadline = time.monotonic() + timeout
        with _told(self._folder):
            self._prepare()
            while True:
                lease = self._try(scope, limit, holder)
                if lease is not None:
                    return lease
                holders = tuple(_described(one) for one in self.holders(scope))
                if time.monotonic() >= deadline:
                    by = f", held by {', '.join(holders)}" if holders else ""
                    raise LockError(f"no turn of {scope} within {timeout:g} s{by}")
                watch.report(Progress(waiting_for=holders))
                watch.wait(min(random.uniform(*_POLL), max(0.0, deadline - time.monotonic())))  # noqa: S311 - nobody guards a secret with it

    def holders(self, scope: str) -> tuple[Holder, ...]:
        """Who holds a turn now.

        Raises:
            LockError: The folder cannot be read.
        """
        with _told(self._folder):
            found = (_holder(path) for path in self._slots(scope) if _taken(path))
            return tuple(holder for holder in found if holder is not None)

    def break_turns(self, scope: str) -> tuple[Holder, ...]:
        """Free every turn of ``scope`` at once; its holders lose it. Says who they were.

        Raises:
            LockError: The folder cannot be written.
        """
        with _told(self._folder):
            held = self.holders(scope)
            for path in self._slots(scope):
                if _taken(path):
                    _put(path, b"")
            return held

    def mark_failed(self, scope: str, mark: Mark) -> None:
        """Tell everybody who shares the folder that a digest had to be taken back.

        Raises:
            LockError: The folder cannot be written.
        """
        with _told(self._folder):
            self._prepare()
            _put(self._mark(scope, mark.md5), _line(mark._asdict()))

    def failed(self, scope: str, md5: Md5) -> Mark | None:
        """The mark against a digest, if there is one.

        Raises:
            LockError: It cannot be read.
        """
        path = self._mark(scope, md5)
        with _told(self._folder):
            try:
                said = _read(path)
            except FileNotFoundError:
                return None
        if said is None:
            raise LockError(f"{path} is no mark of a failed digest", cure="delete it")
        return Mark(md5, str(said.get("host", "")), str(said.get("error", "")), _time(said))

    def clear(self, scope: str, md5: Md5) -> None:
        """Lift the mark.

        Raises:
            LockError: The folder cannot be written.
        """
        with _told(self._folder):
            self._mark(scope, md5).unlink(missing_ok=True)

    def _prepare(self) -> None:
        for folder in {self._own, self._folder}:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if local := nfs.local_locks(self._folder):
            raise LockError(
                f"{self._folder} is mounted with {local}, so other hosts do not see its locks",
                cure="mount it without that option, or use another lock",
            )

    def _try(self, scope: str, limit: int, holder: Holder) -> FileLease | None:
        """A turn if one is free now; where the folder is shared, this host's own lock first."""
        host = None
        if self._folder != self._own:
            host = _locked(self._own / f"{_file_name(scope)}.host.lock")
            if host is None:
                return None
        slot = None
        try:
            slot = self._free_slot(scope, limit)
            if slot is not None:
                slot.write(_line(holder._asdict()))
                return FileLease(slot, host)
        except BaseException:
            if slot is not None:
                slot.free()
            if host is not None:
                host.free()
            raise
        if host is not None:
            host.free()
        return None

    def _free_slot(self, scope: str, limit: int) -> _Locked | None:
        wanted = [self._folder / f"{_file_name(scope)}.{number}.lock" for number in range(limit)]
        slot = next((locked for path in wanted if (locked := _locked(path))), None)
        if slot is None:
            return None
        # Under a larger limit somebody may hold a slot beyond ours; that counts against ours.
        try:
            beyond = [path for path in self._slots(scope) if path not in wanted and _taken(path)]
            others = [path for path in wanted if path != slot.path and _taken(path)]
        except BaseException:
            slot.free()
            raise
        if beyond and len(beyond) + len(others) >= limit:
            slot.free()
            return None
        return slot

    def _slots(self, scope: str) -> list[Path]:
        prefix = f"{_file_name(scope)}."
        names = self._folder.glob("*.lock") if self._folder.exists() else ()
        return sorted(
            path
            for path in names
            if path.name.startswith(prefix) and path.name[len(prefix) : -len(".lock")].isdigit()
        )

    def _mark(self, scope: str, md5: Md5) -> Path:
        return self._folder / f"{_file_name(scope)}.failed.{md5}.json"


class FileLease:
    """A lock that is held, and this host's own where the folder is shared."""

    def __init__(self, slot: _Locked, host: _Locked | None) -> None:
        self._slot = slot
        self._host = host

    def check(self) -> None:
        """Make sure that the file that is locked still is the slot.

        Raises:
            LeaseLostError: The turn was broken, or the folder cannot be asked.
        """
        for locked in (self._slot, self._host):
            if locked is not None and not locked.in_place():
                raise LeaseLostError(f"the turn at {locked.path} was broken by an operator")

    def release(self) -> None:
        """Give the turn back; somebody else's is never touched, whatever happened since."""
        self._slot.free()
        if self._host is not None:
            self._host.free()


@dataclass(slots=True)
class _Locked:
    """A file that we opened and locked; ``descriptor`` is -1 once it is free."""

    path: Path
    descriptor: int

    def in_place(self) -> bool:
        """Whether the path still leads to the file that is locked."""
        try:
            here, there = os.fstat(self.descriptor), self.path.stat()
        except OSError:
            return False
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def write(self, line: bytes) -> None:
        """Say who holds it; readers take the first line, so a longer old one does no harm."""
        os.pwrite(self.descriptor, line, 0)
        os.ftruncate(self.descriptor, len(line))

    def free(self) -> None:
        """Unlock; the file stays, for whoever is next."""
        if self.descriptor < 0:
            return
        with suppress(OSError):  # the share may be away: closing frees the lock all the same
            os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)
        self.descriptor = -1


def _locked(path: Path) -> _Locked | None:
    """Lock a file, made if need be; None if somebody else has it."""
    while True:
        # Not inherited by hooks: a lock lives as long as any copy of its descriptor.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        locked = _Locked(path, descriptor)
        try:
            taken = ofd.lock_exclusive(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if taken and locked.in_place():
            return locked
        os.close(descriptor)
        if not taken:
            return None
        # Broken between opening and locking: what we locked is no slot any more.


def _taken(path: Path) -> bool:
    """Whether somebody holds a file's lock now."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not ofd.lock_exclusive(descriptor)
    finally:
        os.close(descriptor)


def _holder(path: Path) -> Holder | None:
    with suppress(FileNotFoundError):
        said = _read(path)
        if said is None:  # just locked, not yet written
            return Holder(host="?", pid=0, service="?", hash=None, since=0.0)
        md5 = said.get("hash")
        return Holder(
            host=str(said.get("host", "?")),
            pid=int(said["pid"]) if isinstance(said.get("pid"), int) else 0,
            service=str(said.get("service", "?")),
            hash=Md5(md5) if isinstance(md5, str) else None,
            since=_time(said),
        )
    return None


def _described(holder: Holder) -> str:
    return f"{holder.host} ({holder.service})"


def _time(said: dict[str, Any]) -> float:
    since = said.get("since")
    return float(since) if isinstance(since, int | float) else 0.0


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _read(path: Path) -> dict[str, Any] | None:
    """The JSON of a file's first line; None if that is none."""
    with path.open("rb") as file:
        line = file.readline(_LONGEST)
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _put(path: Path, content: bytes) -> None:
    """Put a fresh file in the place of what is there."""
    import tempfile  # noqa: PLC0415 - nothing for who only reads a configuration

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        Path(name).rename(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _file_name(scope: str) -> str:
    """The scope as part of a file name: no slash, and not hidden."""
    return "turn-" + quote(scope, safe=" ")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the kernel says of the folder, in words."""
    try:
        yield
    except OSError as error:
        raise LockError(f"the lock folder {folder}: {error.strerror}", cure=_CURE) from error
