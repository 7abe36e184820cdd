"""``dropship status --watch``: the agent is asked every second, whatever becomes of it meanwhile.

Drawn by rich on a screen of its own, which is left with the last picture printed where the
operator was. On a terminal that is not to be drawn on (``NO_COLOR``, ``TERM=dumb``) the table is
printed again whenever something has happened.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TextIO, cast

from dropship.agent import answers
from dropship.agent.answers import ServiceAnswer, StatusAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.keys import Keys
from dropship.cli.output import Lasting
from dropship.cli.plain import one_line
from dropship.cli.spans import clock
from dropship.cli.status_text import frame, lines
from dropship.cli.view import View, drawable, size
from dropship.errors import AgentHungError, DropshipError

if TYPE_CHECKING:
    from rich.live import Live

_EVERY: Final = 1.0
# Shorter than usual: a picture that stands still should say so.
_PATIENCE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown. ``said``: the headline where the agent could not be asked; ``at``: when."""

    status: StatusAnswer
    at: float
    said: str | None = None


class Screen(Protocol):
    """Where it is shown."""

    def show(self, seen: Seen) -> None:
        """Show it, as it is now."""


def watch(args: argparse.Namespace, request: Request) -> int:
    """Show until somebody has seen enough; the exit code is that of what was seen last.

    Raises:
        KeyboardInterrupt: Ctrl-C, once the terminal is as it was.
        DropshipError: The very first question could not be answered.
    """
    seen = _ask(args, request, None)
    try:
        with Keys(sys.stdin) as keys, _screen() as screen:
            while sys.stdout.isatty():  # it leads nowhere once the terminal has hung up
                screen.show(seen)
                if keys.quit_within(_EVERY, partial(screen.show, seen)):
                    break
                seen = _ask(args, request, seen)
    finally:
        if drawable(os.environ):
            _leave_behind(seen)
    return seen.status.exit_code


def _ask(args: argparse.Namespace, request: Request, before: Seen | None) -> Seen:
    try:
        document = asking.question(args, request, timeout=_PATIENCE, quiet=before is not None)
        return Seen(answers.of_json(StatusAnswer, document, "the agent's answer"), time.time())
    except AgentHungError as error:
        if before is None:
            return _without(args, request, error)
        return replace(before, said=_standing_still(error, before.at))
    except DropshipError as error:
        if before is None:
            raise
        return replace(before, said=_standing_still(error, before.at))


def _without(args: argparse.Namespace, request: Request, hung: AgentHungError) -> Seen:
    document = asking.on_disk(args, request, quiet=True)
    status = answers.of_json(StatusAnswer, document, "state")
    status = replace(status, agent=replace(status.agent, running=True, pid=hung.pid))
    return Seen(status, time.time(), f"{hung.args[0]}; what follows is what state says")


def _standing_still(error: DropshipError, at: float) -> str:
    of = clock(answers.moment(at), None)
    return f"{one_line(str(error.args[0]))}; what follows is of {of}"


def _leave_behind(seen: Seen) -> None:
    view = View.of(sys.stdout, os.environ)
    shown = lines(seen.status, view, time.time(), said=seen.said)
    print("\n".join(shown), file=cast("TextIO", Lasting(sys.stdout)))


@contextmanager
def _screen() -> Iterator[Screen]:
    if not drawable(os.environ):
        yield _Roll()
        return
    from rich.console import Console  # noqa: PLC0415 - only where it draws
    from rich.live import Live  # noqa: PLC0415 - as above

    console = Console(file=cast("TextIO", Lasting(sys.stdout)), highlight=False)
    live = Live(
        console=console,
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with live:
        yield _Picture(live)


class _Picture:
    """The whole window, drawn anew each time: so it does not matter what became of its size."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, seen: Seen) -> None:
        from rich.text import Text  # noqa: PLC0415 - only where it draws

        view, now = View.of(sys.stdout, os.environ), time.time()
        room = size(sys.stdout).lines
        shown = frame(seen.status, view, now, max(room - 2, 1), said=seen.said)
        shown += [""] * (room - 1 - len(shown))
        when = clock(answers.moment(now), view.zone)
        shown.append(view.paint(f"{when}  every second; q ends it", "dim"))
        text = Text.from_ansi("\n".join(shown), no_wrap=True, overflow="crop")
        self._live.update(text, refresh=True)


class _Roll:
    """One table below the other: whenever something has happened."""

    def __init__(self) -> None:
        self._shown: object = None

    def show(self, seen: Seen) -> None:
        what = (seen.said, seen.status.agent, *map(_essence, seen.status.services))
        if what == self._shown:
            return
        self._shown = what
        view, now = View.of(sys.stdout, os.environ), time.time()
        head = f"--- {clock(answers.moment(now), view.zone)}"
        print("\n".join([head, *lines(seen.status, view, now, said=seen.said), ""]), flush=True)


def _essence(one: ServiceAnswer) -> Sequence[object]:
    """What of a service is worth a new table; times and bytes always change."""
    phase = one.worker.phase if one.worker else None
    turn = one.turn.waiting_for if one.turn else None
    return (
        one.name,
        one.state,
        phase,
        one.release,
        one.last_error,
        one.paused,
        turn,
        one.quarantined,
    )
