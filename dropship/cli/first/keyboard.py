"""A line from whoever sits at the terminal, shown while it is typed, or not.

The kernel's own line editing is all there is. Ctrl-C is never lost: between a prompt and the wait
for an answer a signal would be noticed with the next line only, so what wakes the wait is a
descriptor.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import Final

from dropship.cli.output import say

_ENDS: Final = (signal.SIGTERM, signal.SIGHUP)
_LONGEST: Final = 4096  # N_TTY_BUF_SIZE of the kernel
_LOCAL_FLAGS: Final = 3  # of tcgetattr's list


def ask(prompt: str, *, hidden: bool) -> str:
    """The line that answers a prompt, without its end.

    Raises:
        EOFError: Nobody answers any more.
        KeyboardInterrupt: Ctrl-C.
        SystemExit: SIGTERM or SIGHUP; the terminal is as it was.
    """
    fd = sys.stdin.fileno()
    with _woken() as waker, _silent(fd) if hidden else nullcontext():
        sys.stdout.write(prompt)
        sys.stdout.flush()
        line = _line(fd, waker)
    return line.decode(sys.stdin.encoding or "utf-8", errors="replace")


def _line(fd: int, waker: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([fd, waker], [], [])
        if fd not in ready:
            os.read(waker, _LONGEST)  # of a signal that ends nothing, such as a resized window's
            continue
        piece = b""
        with suppress(OSError):  # of a terminal that hangs up
            piece = os.read(fd, _LONGEST)
        if not piece:
            raise EOFError
        line += piece
    return line[:-1]


@contextmanager
def _woken() -> Iterator[int]:
    """A descriptor that is there to be read once a signal came, whose handler has run then."""
    waker, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    heeded = [one for one in _ENDS if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, _end) for one in heeded}
    old = signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    try:
        yield waker
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(waker)
        os.close(woken)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def _silent(fd: int) -> Iterator[None]:
    """What is typed is not shown meanwhile."""
    before = termios.tcgetattr(fd)
    silent = [*before]
    silent[_LOCAL_FLAGS] &= ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
        say("", sys.stdout)
