"""``dropship doctor``: check this host for everything that the agent needs; change nothing."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

from dropship import log
from dropship.cli.output import say
from dropship.cli.place import working_directory
from dropship.cli.plain import one_line
from dropship.cli.view import Style, View
from dropship.config.load import DEFAULT

if TYPE_CHECKING:
    from dropship.cli.examine.aside import Task
    from dropship.cli.examine.finding import Finding, State
    from dropship.cli.examine.ground import Ground

_DESCRIPTION: Final = """\
Looks at everything that the agent needs on this host, with the eyes of the account that the agent
runs as: Python and its modules, the configuration, permissions, the unit, limits, the sandbox of
unpackers, the clock, room on disks, what file systems can do, each store, each lock engine.
Nothing that it does stays: no turn is taken, no file is left. Whatever hangs is given up after a
while. As another user than root it tells what could not be seen.
Exit code 0: nothing has failed, warnings allowed; 1: something has."""

_EXAMPLES: Final = """\
examples:
  dropship doctor
  dropship doctor --format json
  sudo dropship --config /etc/dropship.d/dropship.hcl doctor"""

_WORDS: Final[dict[State, str]] = {"ok": "ok", "warning": "warn", "failed": "fail"}
_STYLES: Final[dict[State, Style]] = {"ok": "good", "warning": "warn", "failed": "bad"}
_STATE_WIDTH: Final = 4
_CHECK_WIDTH: Final = 13
_INDENT: Final = _STATE_WIDTH + _CHECK_WIDTH + 4
_NARROWEST: Final = 30


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Look, tell; 1 where something has failed.

    Raises:
        ConfigError: There is no working directory.
    """
    from dropship.cli.examine import all as everything  # noqa: PLC0415 - only this command's
    from dropship.core.secrets import secret_values  # noqa: PLC0415 - as above

    ground: Ground | None = None
    with suppress(ImportError):  # which is the first thing that is found
        ground = everything.ground(args.config or DEFAULT, working_directory(), os.environ)
    told = (ground.strict.secrets, ground.strict.config, ground.lenient.secrets) if ground else ()
    hidden = secret_values(told)
    # What stores say when they are tried again and again is told by what comes of it.
    level = args.log_level if args.log_level == "debug" else "error"
    log.setup(level, args.log_format, secrets=hidden)
    with _patience(args.format) as waiting:
        found = list(_told(_findings(ground, waiting), args.format))
    if args.format == "json":
        print(json.dumps([asdict(one) for one in found], indent=2))
    else:
        say(_summary(found), sys.stdout)
    return 1 if any(one.state == "failed" for one in found) else 0


def _findings(ground: Ground | None, waiting: Callable[[Task | None], None]) -> Iterator[Finding]:
    from dropship.cli.examine import all as everything  # noqa: PLC0415 - as in run
    from dropship.cli.examine import aside  # noqa: PLC0415 - as in run

    for one in aside.run(list(everything.tasks(ground)), waiting):
        waiting(None)
        cure = one.cure and log.hide(one.cure)
        yield replace(one, message=log.hide(one.message), cure=cure)


def _told(found: Iterator[Finding], form: str) -> Iterator[Finding]:
    """The same, each printed as it comes where people read it."""
    view = View.of(sys.stdout, os.environ)
    for one in found:
        if form == "text":
            for line in lines(one, view):
                print(line, flush=True)
        yield one


def lines(one: Finding, view: View) -> list[str]:
    """A finding as it is shown: one line in a pipe, on a terminal as many as it takes."""
    from dropship.cli.columns import wrapped  # noqa: PLC0415 - as in run

    state = view.paint(f"{_WORDS[one.state]:{_STATE_WIDTH}}", _STYLES[one.state])
    subject = f"{one_line(one.subject)}: " if one.subject else ""
    cure = f"; {one_line(one.cure)}" if one.cure else ""
    text = f"{subject}{one_line(one.message)}{cure}"
    room = None if view.width is None else max(view.width - _INDENT, _NARROWEST)
    first, *others = wrapped(text, room) if room else [text]
    head = f"{state}  {one.check:{_CHECK_WIDTH}}  {first}"
    return [head, *(" " * _INDENT + line for line in others)]


def _summary(found: Sequence[Finding]) -> str:
    count = Counter(one.state for one in found)
    warnings = count["warning"]
    return (
        f"\n{count['ok']} ok, {warnings} warning{'' if warnings == 1 else 's'}, "
        f"{count['failed']} failed"
    )


@contextmanager
def _patience(form: str) -> Iterator[Callable[[Task | None], None]]:
    """Says on a terminal what is waited for, if it is anything; ``None`` takes that back."""
    from dropship.cli.rows import Rows, row  # noqa: PLC0415 - as in run
    from dropship.cli.terminal import lively  # noqa: PLC0415 - as in run

    if not lively() or (form == "json" and not sys.stdout.isatty()):
        yield lambda _task: None
        return
    rows = Rows()

    def waiting(task: Task | None) -> None:
        if task is None:
            rows.end()
            return
        subject = f" {one_line(task.subject)}" if task.subject else ""
        rows.show(lambda view: [row(f"looking: {task.check}{subject} {view.dots}", view)])

    try:
        yield waiting
    finally:
        rows.end()
