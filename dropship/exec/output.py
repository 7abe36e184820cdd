"""Output of a command, from bytes as they come to lines that a log can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dropship.log import hide

LINE: Final = 4 << 10
"""Longest line that is said, in bytes; the rest of it is dropped."""

RUN: Final = 1 << 20
"""How much of a run's output is said, in bytes; the rest is read and dropped."""

# What is looked at behind the end of a long line: half a secret would not be known as one.
_BEYOND: Final = 1 << 10

# Control characters could rewrite the terminal or forge a line of whoever reads the log.
_ESCAPED: Final = {code: f"\\x{code:02x}" for code in (*range(9), *range(10, 32), *range(127, 160))}


class Lines:
    """Says bytes line by line, within bounds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._line = bytearray()
        self._left = RUN

    @property
    def over(self) -> bool:
        """So much was said that nothing more will be."""
        return self._left <= 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes; whole lines are said."""
        if self.over:
            return
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
        self._line += part[: max(0, LINE + _BEYOND - len(self._line))]

    def _end(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        if self.over:
            return
        self._left -= min(len(line), LINE) + 1
        text = line.decode(errors="replace").removesuffix("\r").translate(_ESCAPED)
        self._say(_cut(text, unknown=len(line) - LINE) if len(line) > LINE else text)


def _cut(text: str, *, unknown: int) -> str:
    """The beginning of a long line; of its last ``unknown`` characters one cannot say what they are."""
    hidden = hide(text)
    return hidden[: min(LINE, len(hidden) - unknown)] + " …"
