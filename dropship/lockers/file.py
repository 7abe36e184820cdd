"""Turns by locks on files: on one host, or on all that mount a share (NFSv4).

There are as many slot files as turns, and a turn is an open file description lock on one of them.
They are never deleted, so that everybody locks the same file; breaking a turn puts a fresh file in
the place of the holder's, and the holder sees that at its next check. There is no time to live:
the kernel, or the NFS server's own lease, frees the lock of a holder that died.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dropship.core.option import option
from dropship.errors import LeaseLostError, LockError
from dropship.linux import ofd
from dropship.lockers import Broken, Holder, Place, Standing, nfs, records
from dropship.lockers.file_text import FileMarks, file_name, put, read, told

if TYPE_CHECKING:
    from dropship.core.watch import Watch

_POLL: Final = (0.1, 0.4)  # seconds between two tries, at random so that hosts do not beat in step


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

    def __init__(self, options: FileLockerOptions, place: Place) -> None:
        self._folder = options.path or place.folder
        self.marks = FileMarks(self._folder)

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> FileLease:
        """Wait up to ``timeout`` seconds for one of ``limit`` turns of ``scope``.

        Raises:
            LockError: No turn in time, or the folder cannot be used.
        """
        from dropship.lockers.patience import Patience  # noqa: PLC0415 - only for who waits

        patience = Patience(scope, timeout, watch, _POLL)
        with told(self._folder):
            self._prepare()
            while True:
                lease = self._try(scope, limit, holder)
                if lease is not None:
                    return lease
                patience.tell([one.words for one in self._holders(scope)])
                patience.rest()

    def standing(self, scope: str) -> Standing:
        """Who holds a turn now.

        Raises:
            LockError: The folder cannot be read.
        """
        with told(self._folder):
            said = read(self._broken(scope))
            broken = records.broken(said) if said is not None else None
            return Standing(holders=self._holders(scope), broken=broken)

    def break_turns(self, scope: str, broken: Broken) -> None:
        """Free every turn of ``scope`` at once, on record; its holders lose it.

        Raises:
            LockError: The folder cannot be written.
        """
        with told(self._folder):
            self._prepare()
            put(self._broken(scope), records.text(broken))
            for path in self._slots(scope):
                if _taken(path):
                    put(path, "")

    def close(self) -> None:
        """Nothing is held between turns."""

    def _holders(self, scope: str) -> tuple[Holder, ...]:
        found = (_holder(path) for path in self._slots(scope) if _taken(path))
        return tuple(holder for holder in found if holder is not None)

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if local := nfs.local_locks(self._folder):
            raise LockError(
                f"{self._folder} is mounted with {local}, so other hosts do not see its locks",
                cure="mount it without that option, or use another lock",
            )

    def _try(self, scope: str, limit: int, holder: Holder) -> FileLease | None:
        """A turn if one is free now."""
        slot = self._free_slot(scope, limit)
        if slot is None:
            return None
        try:
            slot.write(records.holding(holder).encode() + b"\n")
        except BaseException:
            slot.free()
            raise
        return FileLease(slot)

    def _free_slot(self, scope: str, limit: int) -> _Locked | None:
        wanted = [self._folder / f"{file_name(scope)}.{number}.lock" for number in range(limit)]
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
        prefix = f"{file_name(scope)}."
        names = self._folder.glob("*.lock") if self._folder.exists() else ()
        return sorted(
            path
            for path in names
            if path.name.startswith(prefix) and path.name[len(prefix) : -len(".lock")].isdigit()
        )

    def _broken(self, scope: str) -> Path:
        return self._folder / f"{file_name(scope)}.broken.json"


class FileLease:
    """A lock that is held; there is nothing to renew."""

    trouble = ""

    def __init__(self, slot: _Locked) -> None:
        self._slot = slot

    def check(self) -> None:
        """Make sure that the file that is locked still is the slot.

        Raises:
            LeaseLostError: The turn was broken, or the folder cannot be asked.
        """
        if not self._slot.in_place():
            raise LeaseLostError(f"the turn at {self._slot.path} was broken by an operator")

    confirm = check

    def release(self) -> None:
        """Give the turn back; somebody else's is never touched, whatever happened since."""
        self._slot.free()


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
    said = read(path)  # empty where it was just locked, and is not written yet
    return None if said is None else records.holder(said)
