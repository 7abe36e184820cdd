"""Text in columns: how wide it is, made shorter, wrapped, and laid out as a table that fits.

A table comes in several plans, the best first: that one is shown which fits the window.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from dropship.cli.view import Style, View

_GAP: Final = "  "
_NARROWEST: Final = 8


class Column:
    """One column: a title, a text a row, perhaps a style a row; ``right``: aligned there."""

    def __init__(
        self,
        title: str,
        cells: Sequence[str],
        styles: Sequence[Style] | None = None,
        *,
        right: bool = False,
    ) -> None:
        self.title = title
        self.cells = cells
        self.styles = styles or [""] * len(cells)
        self.right = right
        self.width = max(map(width, (title, *cells)))

    def within(self, room: int, dots: str) -> Column:
        """The same in ``room`` columns."""
        cells = [shortened(one, room, dots) for one in self.cells]
        return Column(shortened(self.title, room, dots), cells, self.styles, right=self.right)

    def painted(self, row: int, view: View) -> str:
        """The cell of a row, as wide as the column; the title is row -1."""
        text = self.title if row < 0 else self.cells[row]
        style: Style = "title" if row < 0 else self.styles[row]
        space = " " * (self.width - width(text))
        shown = view.paint(text, style)
        return space + shown if self.right else shown + space


def table(plans: Sequence[Sequence[Column]], view: View) -> list[str]:
    """The lines of a table, titles first: of the first plan that fits.

    If none does, the last one, its first column made shorter.
    """
    plan = plans[0] if view.width is None else _fitting(plans, view.width, view.dots)
    rows = range(-1, len(plan[0].cells))
    return [_GAP.join(one.painted(row, view) for one in plan).rstrip() for row in rows]


def _fitting(plans: Sequence[Sequence[Column]], room: int, dots: str) -> Sequence[Column]:
    for plan in plans:
        if _wide(plan) <= room:
            return plan
    first, *others = plans[-1]
    left = room - _wide(others) - len(_GAP)
    return [first.within(max(left, _NARROWEST), dots), *others]


def _wide(plan: Sequence[Column]) -> int:
    return sum(one.width for one in plan) + len(_GAP) * (len(plan) - 1)


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(one: str) -> int:
    if unicodedata.combining(one):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def shortened(text: str, room: int, dots: str) -> str:
    """``text`` in ``room`` columns: its beginning and its end, for names differ at either."""
    if width(text) <= room:
        return text
    left = max(0, room - width(dots))
    return _beginning(text, left - left // 2) + dots + _end(text, left // 2)


def cropped(text: str, room: int, dots: str) -> str:
    """``text`` in ``room`` columns: its beginning."""
    return text if width(text) <= room else _beginning(text, max(0, room - width(dots))) + dots


def _beginning(text: str, room: int) -> str:
    taken = 0
    for at, one in enumerate(text):
        taken += _columns(one)
        if taken > room:
            return text[:at]
    return text


def _end(text: str, room: int) -> str:
    return _beginning(text[::-1], room)[::-1]


def wrapped(text: str, room: int) -> list[str]:
    """``text`` in lines of at most ``room`` columns, broken at spaces where there are any."""
    lines = [""]
    for word in text.split(" "):
        for piece in _pieces(word, room):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if width(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines


def _pieces(word: str, room: int) -> Iterator[str]:
    """A word, or what of it fits a line each time."""
    while width(word) > room:
        piece = _beginning(word, room) or word[:1]
        yield piece
        word = word[len(piece) :]
    yield word
