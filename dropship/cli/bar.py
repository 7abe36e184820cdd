"""A bar that shows how far something is, and a download in words."""

from __future__ import annotations

from typing import Final

from dropship.cli.view import View
from dropship.core.values import Size

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


def downloading(done: int, total: int | None, view: View) -> str:
    """How far a download is; ``total``: bytes, where the store told."""
    if not total:
        return f"downloading: {Size(done)} so far"
    if done >= total:
        return f"downloaded {Size(total)}; unpacking"
    share = done / total
    # What a narrow row loses comes last.
    drawn = f" {bar(share, view)}" if view.width is not None else ""
    return f"downloading {share:.0%}{drawn} of {Size(total)}"
