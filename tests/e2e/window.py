"""A terminal window for tests: the program runs in it as it would in an operator's."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.host import DEADLINE

# What steers a terminal: CSI … letter, OSC … BEL or ST, and two letters.
_STEERS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>78])")


class Window:
    """Runs ``argv`` in a terminal of its own."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        columns: int = 80,
        lines: int = 24,
    ) -> None:
        self._master, slave = os.openpty()
        self._slave = slave
        self.resize(columns, lines)
        self.before = termios.tcgetattr(slave)
        self._raw = b""
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={"TERM": "xterm-256color", "LANG": "C.UTF-8", **environ},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            # A session whose terminal this is: so that Ctrl-C is a signal.
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one thread
        )

    def resize(self, columns: int, lines: int) -> None:
        """As an operator pulls at its corner."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    @property
    def raw(self) -> str:
        """All that was written, codes included."""
        return self._raw.decode(errors="replace")

    @property
    def text(self) -> str:
        """All that was written, without what steers the terminal."""
        return _STEERS.sub("", self.raw)

    def until(self, words: str, *, after: int = 0) -> int:
        """Wait for words behind a place in ``text``; gives the place behind them."""
        until = time.monotonic() + DEADLINE
        while (at := self.text.find(words, after)) < 0:
            assert time.monotonic() < until, f"no {words!r} in {self.text[after:]!r}"
            if not self._read(0.2):
                assert words in self.text[after:], f"ended without {words!r}: {self.text[after:]!r}"
        return at + len(words)

    def ended(self) -> int:
        """Wait for the end; gives the exit code."""
        until = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < until, self.text
            self._read(0.1)
        while self._read(0.0, grudging=True):
            pass
        return self.process.returncode

    def _read(self, seconds: float, *, grudging: bool = False) -> bool:
        """Whether there may be more to come; ``grudging``: only if there was something."""
        if not select.select([self._master], [], [], seconds)[0]:
            return not grudging and self.process.poll() is None
        try:
            piece = os.read(self._master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self._raw += piece
        return bool(piece)

    def close(self) -> None:
        """Leave nothing running."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        os.close(self._slave)
        os.close(self._master)
