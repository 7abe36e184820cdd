"""What goes on in an agent while somebody waits for it, on standard error.

On a terminal one live row a service, drawn by rich; elsewhere one line for each new step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dropship.agent.protocol import DONE, News
from dropship.agent.record import CRASHED
from dropship.cli.bar import downloading
from dropship.cli.columns import cropped, shortened, width
from dropship.cli.output import say
from dropship.cli.plain import one_line
from dropship.cli.rows import Rows, room
from dropship.cli.terminal import lively
from dropship.cli.view import Style, View
from dropship.core.phase import Phase
from dropship.deploy.phases import doing


@contextmanager
def watching() -> Iterator[Callable[[News], None]]:
    """Shows the news it is handed, while the block lasts."""
    if not lively():
        yield _Lines().show
        return
    shown = _Rows()
    try:
        yield shown.show
    finally:
        shown.end()


class _Lines:
    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def show(self, news: News) -> None:
        what = "" if news.phase == DONE else words(news)  # told as the result
        if what and self._said.get(news.service) != what:
            self._said[news.service] = what
            say(f"{one_line(news.service)}: {what}", sys.stderr)


class _Rows:
    """A row a service."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._last: dict[str, News] = {}

    def show(self, news: News) -> None:
        if news.service not in self._last and not words(news):
            return  # an agent that has nothing to do leaves no trace of a row
        self._last[news.service] = news
        self._rows.show(lambda view: rows(list(self._last.values()), view), now=True)

    def end(self) -> None:
        self._rows.end()


def rows(news: Sequence[News], view: View) -> list[str]:
    """A line for each service, in the order in which they were heard of."""
    wide = room(view)
    names = [one_line(one.service) for one in news]
    most = min(max(map(width, names)), wide // 3)
    found = []
    for name, one in zip(names, news, strict=True):
        shown = shortened(name, most, view.dots)
        what = cropped(_row(one, view), max(wide - most - 2, 1), view.dots)
        style: Style = "" if words(one) and one.phase != DONE else "dim"
        found.append(f"{shown}{' ' * (most - width(shown))}  {view.paint(what, style)}")
    return found


def _row(news: News, view: View) -> str:
    if not news.total or news.phase != Phase.STAGING.value:
        return words(news) or "nothing to do at the moment"
    return downloading(news.done, news.total, view)


def words(news: News) -> str:
    """What a service's worker does, in words; empty while there is nothing to tell."""
    note = one_line(news.note)
    if news.phase == CRASHED:
        return f"waits for its worker, which died: {note}"
    if news.phase == DONE:
        return note
    what = doing(news.phase)
    if news.waiting_for:
        has = "has" if len(news.waiting_for) == 1 else "have"
        what += f": {', '.join(map(one_line, news.waiting_for))} {has} it"
    return f"{what} ({note})" if what and note else what
