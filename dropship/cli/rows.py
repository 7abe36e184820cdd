"""Rows on a terminal's standard error that change while something goes on, and are taken back.

Drawn by rich, below what has been printed already; an interrupted program leaves none of them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TextIO, cast

from dropship.cli.columns import cropped
from dropship.cli.output import Lasting
from dropship.cli.view import View

if TYPE_CHECKING:
    from rich.live import Live

_EVERY: Final = 0.1
# The terminal's own ^C must not break the last row in two: the rows could not be taken back.
_ECHO: Final = 3
_USUAL: Final = 80


class Rows:
    """None at first."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._shown_at = 0.0

    def show(self, rows: Callable[[View], Sequence[str]], *, now: bool = False) -> None:
        """Show ``rows`` for a view, in the place of those before; not too often, unless ``now``."""
        if self._live is None:
            self._live = _started()
        elif not now and time.monotonic() - self._shown_at < _EVERY:
            return
        self._shown_at = time.monotonic()
        from rich.text import Text  # noqa: PLC0415 - only where it draws

        text = "\n".join(rows(View.of(sys.stderr, os.environ)))
        self._live.update(Text.from_ansi(text, no_wrap=True, overflow="crop"), refresh=True)

    def end(self) -> None:
        """Take them back."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def room(view: View) -> int:
    """How wide a row may be."""
    return max((view.width or _USUAL) - _ECHO, 1)


def row(words: str, view: View) -> str:
    """``words`` as a row that can be taken back."""
    return cropped(words, room(view), view.dots)


def _started() -> Live:
    from rich.console import Console  # noqa: PLC0415 - only where it draws
    from rich.live import Live  # noqa: PLC0415 - as above

    live = Live(
        console=Console(file=cast("TextIO", Lasting(sys.stderr)), highlight=False),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()
    return live
