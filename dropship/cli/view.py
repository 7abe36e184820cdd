"""Where text is shown: how wide that is, and what may be drawn there.

A pipe has no width and takes no colour: what is read by ``grep`` is whole. Colour goes to a
terminal only, and not if ``NO_COLOR`` or ``TERM=dumb`` say no.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Final, Literal, TextIO

Style = Literal["", "bad", "warn", "busy", "good", "dim", "title"]

# SGR codes that every terminal of this century knows; bright ones are unreadable on white.
_CODES: Final[Mapping[Style, str]] = MappingProxyType(
    {"bad": "1;31", "warn": "33", "busy": "36", "good": "32", "dim": "2", "title": "1"}
)
_USUAL: Final = os.terminal_size((80, 24))


@dataclass(frozen=True, slots=True)
class View:
    """A place to show text.

    Attributes:
        width: Columns; None: as many as it takes.
        colour: It takes colours.
        unicode: It takes more than ASCII.
        zone: Whose time of day is shown; None: this host's.
    """

    width: int | None = None
    colour: bool = False
    unicode: bool = True
    zone: tzinfo | None = None

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str]) -> View:
        """Of a stream of this process."""
        there = stream.isatty()
        return cls(
            width=size(stream).columns if there else None,
            colour=there and drawable(environ),
            unicode=(stream.encoding or "").lower().replace("-", "").startswith("utf"),
        )

    def paint(self, text: str, style: Style) -> str:
        """``text`` in the colour of a style."""
        code = _CODES.get(style) if self.colour else None
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text

    @property
    def dots(self) -> str:
        """What stands for something left out."""
        return "…" if self.unicode else "..."

    @property
    def arrow(self) -> str:
        """What stands between old and new."""
        return "→" if self.unicode else "->"


def drawable(environ: Mapping[str, str]) -> bool:
    """Whether a terminal may be drawn on, as far as its user has a say."""
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def size(stream: TextIO) -> os.terminal_size:
    """Of a terminal as it is now. ``COLUMNS`` is not asked: a window may have been resized since."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return _USUAL
    # Of a terminal that nobody has told its size (a serial line).
    return os.terminal_size((found.columns or _USUAL.columns, found.lines or _USUAL.lines))
