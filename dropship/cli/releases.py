"""``dropship releases``: what is kept on this host, and can be gone back to."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Final

from dropship.agent import answers
from dropship.agent.answers import ReleaseAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.columns import Column, table
from dropship.cli.plain import one_line
from dropship.cli.spans import ago, clock, zone_name
from dropship.cli.view import Style, View
from dropship.core.values import Size

_EXAMPLES: Final = """\
examples:
  dropship releases api
  dropship releases api --format json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "The releases of a service that are kept on this host, for rollback."
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Print.

    Raises:
        DropshipError: There is no such service, or it cannot be asked or read.
    """
    document = asking.question(args, Request("releases", (args.service,)))
    if args.format == "json":
        print(json.dumps(document, indent=2))
        return 0
    found = [answers.of_json(ReleaseAnswer, one, "the agent's answer") for one in document]
    view = View.of(sys.stdout, os.environ)
    print("\n".join(lines(found, args.service, view, time.time())))
    return 0


def lines(releases: Sequence[ReleaseAnswer], service: str, view: View, now: float) -> list[str]:
    """A table with a line a release."""
    if not releases:
        return [f"{one_line(service)} has no release on this host yet"]
    return table(_plans(releases, view, now), view)


def _plans(releases: Sequence[ReleaseAnswer], view: View, now: float) -> list[list[Column]]:
    marks = [_mark(one) for one in releases]
    styles: list[Style] = ["good" if one.current else "" for one in releases]
    name = Column("RELEASE", [one_line(one.release) for one in releases], styles)
    mark = Column("", marks, styles)
    zone = zone_name(now, view.zone)
    when = Column(f"INSTALLED ({zone})", [clock(one.installed_at, view.zone) for one in releases])
    since = Column("INSTALLED", [ago(one.installed_at, now) for one in releases])
    size = Column("SIZE", [_size(one) for one in releases], right=True)
    digest = Column("HASH", [one_line(one.hash or "-") for one in releases])
    versions = [one_line(one.version) if one.version else "-" for one in releases]
    version = [Column("VERSION", versions)] if set(versions) != {"-"} else []
    return [
        [name, mark, *version, when, since, size, digest],
        [name, mark, *version, when, size, digest],
        [name, mark, *version, when, size],
        [name, mark, *version, since, size],
        [name, mark, since, size],
        [name, mark, since],
        [name, mark],
    ]


def _mark(one: ReleaseAnswer) -> str:
    return "current" if one.current else "previous" if one.previous else ""


def _size(one: ReleaseAnswer) -> str:
    return str(Size(one.bytes)) if one.bytes else "-"
