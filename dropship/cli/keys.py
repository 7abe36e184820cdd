"""The keyboard while something is shown: ``q`` ends it, nothing that is typed is echoed into it.

The terminal is given back as it was, also when a signal ends the program.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, Final, TextIO

from dropship.cli.view import size

_QUIT: Final = frozenset(b"qQ\x04")
# How soon a window that was resized is drawn anew.
_GLANCE: Final = 0.1
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Keys:
    """Listens to a terminal, or to nothing if ``stream`` is none."""

    def __init__(self, stream: TextIO) -> None:
        self._fd = stream.fileno() if stream.isatty() else None
        self._before: list[Any] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Keys:  # noqa: PYI034 - typing.Self is 3.11's
        for one in _ENDING:
            if signal.getsignal(one) is not signal.SIG_IGN:
                self._handlers[one] = signal.signal(one, _end)
        # Stopped, we would leave a terminal behind on which nobody can work.
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        if self._fd is not None:
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd is not None:
            with suppress(termios.error):  # it has hung up
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)
        for one, handler in self._handlers.items():
            signal.signal(one, handler)

    def quit_within(self, seconds: float, resized: Callable[[], None]) -> bool:
        """Whether somebody has had enough, within a time; ``resized`` is called where that is so."""
        until, window = time.monotonic() + seconds, size(sys.stdout)
        while (left := until - time.monotonic()) > 0:
            if self._typed(min(left, _GLANCE)):
                return True
            if size(sys.stdout) != window:
                window = size(sys.stdout)
                resized()
        return False

    def _typed(self, seconds: float) -> bool:
        if self._fd is None:
            time.sleep(seconds)
            return False
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            typed = os.read(self._fd, 1024)
        except OSError:
            return True
        return not typed or not _QUIT.isdisjoint(typed)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
