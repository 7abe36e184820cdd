"""Who drives what: locks that the kernel gives back when their holder dies, and that name him.

An OFD lock on a file that is never deleted; the holder writes its process id and what it is into
the file, so that whoever comes second can say who the first is. A stale id in the file means
nothing: only the kernel's lock counts. Somebody may delete the file all the same (with the folder
around it): then another one can be locked, and the holder learns it from ``in_place``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import struct
import time
from pathlib import Path
from types import TracebackType
from typing import Final

from dropship.errors import BusyError, StateError
from dropship.linux import ofd
from dropship.state.document import make_folder, write_all

# struct flock of a 64-bit kernel: type, whence, start, length, pid, padding.
_FLOCK: Final = "@hhqqi0q"


class OwnerLock:
    """A lock that names its owner; held from ``acquire`` to ``release``, or through ``with``.

    ``subject`` is what is locked, as it reads after "is driven by" in ``busy``.
    """

    def __init__(self, path: Path, subject: str, owner: str, *, cure: str = "") -> None:
        self.path = path
        self._subject = subject
        self._owner = owner
        self._cure = cure
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take it, or say who has it.

        Raises:
            BusyError: Somebody else has it; the message says who.
            StateError: The file cannot be made or opened.
        """
        while True:
            fd = self._opened()
            try:
                self._lock(fd)
            except OSError as error:
                os.close(fd)
                raise _unusable(self.path, error) from error
            except BaseException:
                os.close(fd)
                raise
            if self._leads_to(fd):
                self._fd = fd
                return
            # Deleted between opening and locking: whoever comes next locks another file.
            os.close(fd)

    def in_place(self) -> bool:
        """Whether the lock is held and its file is still the one at the path.

        If not, somebody else may hold the lock as well by now.
        """
        return self._fd is not None and self._leads_to(self._fd)

    def release(self) -> None:
        """Give it back; the file stays."""
        if self._fd is None:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            # Not only closed: a child that was forked meanwhile may have a copy of the descriptor.
            ofd.unlock(self._fd)
        os.close(self._fd)
        self._fd = None

    def __enter__(self) -> OwnerLock:  # noqa: PYI034 - typing.Self is 3.11's
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.release()

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            make_folder(self.path.parent)
            return os.open(self.path, flags, 0o644)
        except OSError as error:
            raise _unusable(self.path, error) from error

    def _lock(self, fd: int) -> None:
        if not ofd.lock_exclusive(fd):
            raise BusyError(f"{self._subject} {_holder(fd)}", cure=self._cure)
        self._sign(fd)

    def _leads_to(self, fd: int) -> bool:
        try:
            here, there = os.fstat(fd), self.path.lstat()
        except OSError:
            return False  # a file that cannot be asked for is not certain
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def _sign(self, fd: int) -> None:
        mark = {"pid": os.getpid(), "owner": self._owner, "since": time.time()}
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        write_all(fd, json.dumps(mark).encode() + b"\n")


class ServiceLock(OwnerLock):
    """The right to drive one service; ``path`` is its ``Layout.lock``."""

    def __init__(self, path: Path, service: str, owner: str) -> None:
        super().__init__(
            path,
            f"the service {service} is driven by",
            owner,
            cure="try again when that has ended",
        )


class AgentLock(OwnerLock):
    """The right to be the agent of a folder (``run_path``, ``state_path``)."""

    def __init__(self, folder: Path, option: str) -> None:
        super().__init__(
            folder / "agent.lock",
            f"{option} {folder} is used by another agent:",
            "dropship agent",
            cure=f"stop that one first, or give this one a {option} of its own",
        )


def agent_pid(run_path: Path) -> int | None:
    """The process id of the agent that runs on ``run_path``; None if none does.

    Raises:
        StateError: That cannot be told: no permission.
    """
    path = run_path / "agent.lock"
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as error:
        raise StateError(
            f"no permission to see whether an agent runs ({path})",
            cure="run it as root, or as a member of the group that may use the agent's socket",
        ) from error
    except OSError:
        return None
    try:
        pid = _mark(fd).get("pid")
        return pid if _held(fd) and isinstance(pid, int) else None
    finally:
        os.close(fd)


def _held(fd: int) -> bool:
    """Whether somebody has the lock; asks without taking it, so nobody is ever in the way."""
    ask = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, ask)
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)


def _holder(fd: int) -> str:
    mark = _mark(fd)
    pid, owner = mark.get("pid"), mark.get("owner")
    if not isinstance(pid, int):
        # It has the lock and has not signed yet, or has just truncated the file to go.
        return "another process"
    return f"process {pid} ({owner})" if owner else f"process {pid}"


def _mark(fd: int) -> dict[str, object]:
    try:
        mark = json.loads(os.pread(fd, 4096, 0) or b"{}")
    except (OSError, ValueError):
        return {}
    return mark if isinstance(mark, dict) else {}


def _unusable(path: Path, error: OSError) -> StateError:
    return StateError(
        f"cannot use the lock {path}: {error.strerror}",
        cure="make its folder writable for the agent's user, or name another one",
    )
