"""What goes on in an agent while somebody waits for it, on standard error.

On a terminal one live row a service, drawn by rich; elsewhere one line for each new step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

from dropship.agent.protocol import News
from dropship.agent.record import CRASHED
from dropship.cli.output import Lasting, say
from dropship.cli.terminal import lively
from dropship.deploy.words import doing

if TYPE_CHECKING:
    from rich.progress import TaskID


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
        what = words(news)
        if what and self._said.get(news.service) != what:
            self._said[news.service] = what
            say(f"{news.service}: {what}", sys.stderr)


class _Rows:
    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only where it draws
        from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415 - as above

        self._progress = Progress(
            TextColumn("{task.fields[service]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            console=Console(file=cast("TextIO", Lasting(sys.stderr))),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Rows:  # noqa: PYI034 - typing.Self is 3.11's
        return self

    def __exit__(self, *_: object) -> None:
        if self._tasks:
            self._progress.stop()

    def show(self, news: News) -> None:
        what = words(news)
        if not what:
            return
        if news.service not in self._tasks:
            # The first thing to show: an agent that has nothing to do leaves no trace of a bar.
            self._progress.start()
            added = self._progress.add_task("", total=None, service=news.service)
            self._tasks[news.service] = added
        self._progress.update(
            self._tasks[news.service],
            description=what,
            total=news.total,
            completed=news.done,
        )


def words(news: News) -> str:
    """What a service's worker does, in words; empty while there is nothing to tell."""
    if news.phase == CRASHED:
        return f"waits for its worker, which died: {news.note}"
    what = doing(news.phase)
    if news.waiting_for:
        what += f": {', '.join(news.waiting_for)} has it"
    return f"{what} ({news.note})" if what and news.note else what
