"""The output of a command whose leash has died: heard, so that the command can go on writing.

A command's own end of its output can read, too (``leash``), so it hears no SIGPIPE when we die;
but a pipe holds 64 KiB, and who writes more would wait. Whoever still has that pipe open as its
output is found by the pipe's inode, and the pipe is opened anew from there.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from dropship.exec.output import Lines
from dropship.exec.run import ProcessGroup

_INT: Final = struct.Struct("i")
_PIECE: Final = 4 << 10
_SHELL: Final = "/bin/sh"
# In the background, where a shell gives a command no input of its own unless by another number.
_DRAIN: Final = "exec 3<&0; cat <&3 >/dev/null 2>&1 &"


class Leftover:
    """Hears what is left of a command. Nobody need be there: then there is nothing to hear."""

    def __init__(self, group: ProcessGroup, say: Callable[[str], None]) -> None:
        self._output = _found(group.output) if group.output else None
        self._lines = Lines(say)

    def hear(self) -> int:
        """Say a piece of what was written; how long it was, 0 if there is none just now."""
        piece = b""
        if self._output is not None:
            with suppress(BlockingIOError):
                piece = os.read(self._output, _PIECE)
        self._lines.feed(piece)
        return len(piece)

    def close(self) -> None:
        """Say what was written up to now; somebody in a session of its own may go on."""
        if self._output is None:
            return
        left = unread(self._output)
        while left > 0 and (count := self.hear()):
            left -= count
        self._lines.close()
        drain(self._output)
        os.close(self._output)


def unread(pipe: int) -> int:
    """FIONREAD of pipe(7): bytes that wait in it."""
    (count,) = _INT.unpack(fcntl.ioctl(pipe, termios.FIONREAD, bytes(_INT.size)))
    return int(count)


def drain(output: int) -> None:
    """Leave somebody to read what is still written, for as long as anybody can write.

    Not one of us: a thread or a fork of the worker would cost memory for as long as the daemon
    lives, and the worker's own end would break the daemon's output.
    """
    os.set_blocking(output, True)
    with suppress(OSError):
        subprocess.run(
            (_SHELL, "-c", _DRAIN),
            stdin=output,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            start_new_session=True,
            check=False,
        )


def _found(inode: int) -> int | None:
    """A reading end of the pipe, if anybody has it as its output."""
    for path in _outputs():
        with suppress(OSError):
            found = path.stat()
            if found.st_ino == inode and stat.S_ISFIFO(found.st_mode):
                return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return None


def _outputs() -> Iterator[Path]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            yield process / "fd" / "1"
            yield process / "fd" / "2"
