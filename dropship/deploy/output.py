"""What the hooks of an update said: the end of it, for the history."""

from __future__ import annotations

from collections import deque
from typing import Final

_KEPT: Final = 64 << 10  # characters


class Output:
    """The last of what the hooks of an update said."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._size = 0

    def add(self, line: str) -> None:
        """One more line; the oldest go."""
        self._lines.append(line + "\n")
        self._size += len(line) + 1
        while self._size > _KEPT:
            self._size -= len(self._lines.popleft())

    def taken(self) -> str:
        """All of it; from here on it is empty."""
        text = "".join(self._lines)
        self._lines.clear()
        self._size = 0
        return text
