"""Output of a command, from bytes as they come to lines that a log can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LINE: Final = 4 << 10
"""Longest line that is said, in bytes; the rest of it is dropped."""

RUN: Final = 1 << 20
"""How much of a run's output is said, in bytes; the rest is read and dropped."""

# Control characters could rewrite the terminal or forge a line of whoever reads the log.
_ESCAPED: Final = {code: f"\\x{code:02x}" for code in (*range(9), *range(10, 32), *range(127, 160))}


class Lines:
    """Says bytes line by line, within bounds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._line = bytearray()
        self._left = RUN

    def feed(self, data: bytes) -> None:
        """Take the next bytes; whole lines are said."""
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._add(part)
            self._end()
        self._add(rest)

    def close(self) -> None:
        """No more bytes; an unfinished line is said."""
        if self._line:
            self._end()

    def _add(self, part: bytes) -> None:
        # One byte beyond the bound stays, so that the end of the line knows it was cut.
        self._line += part[: max(0, LINE + 1 - len(self._line))]

    def _end(self) -> None:
        line, cut = bytes(self._line[:LINE]), len(self._line) > LINE
        self._line.clear()
        if self._left <= 0:
            return
        self._left -= len(line) + 1
        text = line.decode(errors="replace").removesuffix("\r").translate(_ESCAPED)
        self._say(text + " …" if cut else text)
