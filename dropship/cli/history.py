"""``dropship history``: past updates."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dropship.agent import answers
from dropship.agent.answers import SecondsAnswer, UpdateAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.arguments import filled, positive
from dropship.cli.columns import Column, table, wrapped
from dropship.cli.plain import one_line
from dropship.cli.spans import clock, span, zone_name
from dropship.cli.view import Style, View

_EXAMPLES: Final = """\
examples:
  dropship history
  dropship history api --limit 3 --format json"""
_DEFAULT: Final = 20

_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        "updated": "good",
        "failed": "bad",
        "refused": "bad",
        "rolled-back": "warn",
        "postponed": "warn",
    }
)
_LONG_NAME: Final = 24
_STUB: Final = 14


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = (
        "Past updates, the newest first: when, from, to, how long, outcome, reason."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE", nargs="?", type=filled, help="default: all")
    parser.add_argument(
        "--limit", metavar="N", type=positive, default=_DEFAULT, help=f"default: {_DEFAULT}"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Print, newest first.

    Raises:
        DropshipError: There is no such service, or it cannot be asked or read.
    """
    named = (args.service,) if args.service else ()
    document = asking.question(args, Request("history", named, limit=args.limit))
    if args.format == "json":
        print(json.dumps(document, indent=2))
        return 0
    found = [answers.of_json(UpdateAnswer, one, "the agent's answer") for one in document]
    print("\n".join(lines(found, View.of(sys.stdout, os.environ), time.time())))
    return 0


def lines(updates: Sequence[UpdateAnswer], view: View, now: float) -> list[str]:
    """A table with a line an update, its error below it."""
    if not updates:
        return ["nothing has been updated yet"]
    titles, *rows = table(_plans(updates, view, now), view)
    found = [titles]
    for row, one in zip(rows, updates, strict=True):
        found += [row, *_error(one, view)]
    return found


def _plans(updates: Sequence[UpdateAnswer], view: View, now: float) -> list[list[Column]]:
    zone = zone_name(now, view.zone)
    when = Column(f"WHEN ({zone})", [clock(one.finished, view.zone) for one in updates])
    name = Column("SERVICE", [one_line(one.service) for one in updates])
    # Of this year, most likely; and the order says as much as the seconds.
    soon = Column(f"WHEN ({zone})", [cell[5:16] for cell in when.cells])
    short = name.within(_LONG_NAME, view.dots)
    stub = name.within(_STUB, view.dots)
    words = [f"{one.outcome}{', by hand' if one.by_hand else ''}" for one in updates]
    styles = [_STYLES.get(one.outcome, "") for one in updates]
    outcome = Column("OUTCOME", list(map(one_line, words)), styles)
    change = Column(f"FROM {view.arrow} TO", [_change(one, view, 12) for one in updates])
    small = Column(f"FROM {view.arrow} TO", [_change(one, view, 7) for one in updates])
    release = Column("RELEASE", [one_line(one.release or "-") for one in updates])
    versions = [one_line(one.version) if one.version else "-" for one in updates]
    version = [Column("VERSION", versions)] if set(versions) != {"-"} else []
    took = Column("TOOK", [_took(one.seconds) for one in updates], right=True)
    parts = Column("OF THAT", [_parts(one.seconds) for one in updates])
    return [
        [when, name, outcome, *version, change, release, took, parts],
        [when, name, outcome, *version, change, took, parts],
        [when, name, outcome, *version, change, took],
        [when, short, outcome, small, took],
        [soon, short, outcome, small, took],
        [soon, stub, outcome, small],
        [soon, stub, outcome],
        # A narrow window shows whose and what; the order says when.
        [name, outcome],
    ]


def _change(one: UpdateAnswer, view: View, digits: int) -> str:
    old = one_line(one.from_hash)[:digits] if one.from_hash else "-"
    new = one_line(one.to_hash)[:digits] if one.to_hash else "-"
    return f"{old} {view.arrow} {new}"


def _took(took: SecondsAnswer) -> str:
    return _short(took.stage + took.wait + took.switch + took.verify)


def _parts(took: SecondsAnswer) -> str:
    """``stage 3.1 s, wait 60 s``: the parts that took any time to speak of."""
    parts = {
        "stage": took.stage, "wait": took.wait, "switch": took.switch, "verify": took.verify
    }  # fmt: skip
    return ", ".join(f"{name} {_short(long)}" for name, long in parts.items() if long >= 0.05)


def _short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else span(seconds)


def _error(one: UpdateAnswer, view: View) -> list[str]:
    if not one.error:
        return []
    error = one_line(one.error)
    if view.width is None:
        return [f"  {one_line(one.service)}: {error}"]
    first, *more = wrapped(error, max(view.width - 4, 1))
    return [f"  {first}", *(f"    {row}" for row in more)]
