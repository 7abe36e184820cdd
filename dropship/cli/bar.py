"""A bar that shows how far something is."""

from __future__ import annotations

from typing import Final

from dropship.cli.view import View

_WIDE: Final = 24
_NARROW: Final = 10
_ROOMY: Final = 72


def bar(share: float, view: View) -> str:
    """``[######------]``, or as a line where that can be drawn; ``share``: 0 to 1."""
    cells = _WIDE if view.width is None or view.width >= _ROOMY else _NARROW
    full = round(cells * min(max(share, 0.0), 1.0))
    if view.unicode:
        return "━" * full + "╌" * (cells - full)
    return f"[{'#' * full}{'-' * (cells - full)}]"
