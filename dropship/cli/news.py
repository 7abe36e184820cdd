"""What goes on in an agent while somebody waits for it, on standard error.

On a terminal one live row a service, drawn by rich; elsewhere one line for each new step.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO, cast

from dropship.agent.protocol import DONE, News
from dropship.agent.record import CRASHED
from dropship.cli.bar import bar
from dropship.cli.columns import cropped, shortened, width
from dropship.cli.output import Lasting, say
from dropship.cli.plain import one_line
from dropship.cli.terminal import lively
from dropship.cli.view import Style, View
from dropship.core.phase import Phase
from dropship.core.values import Size
from dropship.deploy.words import doing

# The terminal's own ^C must not break the last line in two: the rows could not be taken back.
_ECHO: Final = 3


@contextmanager
def watching() -> Iterator[Callable[[News], None]]:
    """Shows the news it is handed, while the block lasts."""
    if not lively():
        yield _Lines().show
        return
    with _Rows() as rows:
        yield rows.show


class _Lines:
    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def show(self, news: News) -> None:
        what = "" if news.phase == DONE else words(news)  # told as the result
        if what and self._said.get(news.service) != what:
            self._said[news.service] = what
            say(f"{one_line(news.service)}: {what}", sys.stderr)


class _Rows:
    """A row a service, below what has been printed already; gone when it is over."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only where it draws
        from rich.live import Live  # noqa: PLC0415 - as above

        self._live = Live(
            console=Console(file=cast("TextIO", Lasting(sys.stderr)), highlight=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._last: dict[str, News] = {}

    def __enter__(self) -> _Rows:  # noqa: PYI034 - typing.Self is 3.11's
        return self

    def __exit__(self, *_: object) -> None:
        if self._last:
            self._live.stop()

    def show(self, news: News) -> None:
        from rich.text import Text  # noqa: PLC0415 - only where it draws

        if news.service not in self._last and not words(news):
            return  # an agent that has nothing to do leaves no trace of a row
        if not self._last:
            self._live.start()
        self._last[news.service] = news
        shown = rows(list(self._last.values()), View.of(sys.stderr, os.environ))
        text = Text.from_ansi("\n".join(shown), no_wrap=True, overflow="crop")
        self._live.update(text, refresh=True)


def rows(news: Sequence[News], view: View) -> list[str]:
    """A line for each service, in the order in which they were heard of."""
    wide = view.width or 80
    names = [one_line(one.service) for one in news]
    room = min(max(map(width, names)), wide // 3)
    found = []
    for name, one in zip(names, news, strict=True):
        shown = shortened(name, room, view.dots)
        what = cropped(_row(one, view), wide - room - 2 - _ECHO, view.dots)
        style: Style = "" if words(one) and one.phase != DONE else "dim"
        found.append(f"{shown}{' ' * (room - width(shown))}  {view.paint(what, style)}")
    return found


def _row(news: News, view: View) -> str:
    if not news.total or news.phase != Phase.STAGING.value:
        return words(news) or "nothing to do at the moment"
    if news.done >= news.total:
        return f"downloaded {Size(news.total)}; unpacking"
    share = news.done / news.total
    return f"{bar(share, view)} {share:4.0%} of {Size(news.total)}"


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
