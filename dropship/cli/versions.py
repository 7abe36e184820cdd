"""``dropship versions``: what the store has of a service, and which of it is the one."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Final

from dropship.agent.questions import services
from dropship.cli.columns import Column, table
from dropship.cli.configuration import configuration
from dropship.cli.plain import one_line
from dropship.cli.view import Style, View
from dropship.deploy.rig import Workshop
from dropship.deploy.versions import Version, versions

_DESCRIPTION: Final = """\
The versions of a service's artifact in its store, newest first: those that its constraint admits,
the one that a check takes now, and the one that is installed. The store is asked; nothing is
changed."""

_EXAMPLES: Final = """\
examples:
  dropship versions api
  dropship versions api --format json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Ask, print.

    Raises:
        DropshipError: There is no such service, it has no versions, or its store cannot be asked.
    """
    config = configuration(args)
    (service,) = services(config, (args.service,))
    found = versions(Workshop(config, os.environ).rig(service))
    if args.format == "json":
        print(json.dumps([_row(one) for one in found], indent=2))
        return 0
    print("\n".join(lines(found, args.service, View.of(sys.stdout, os.environ))))
    return 0


def _row(one: Version) -> dict[str, str | bool]:
    return {
        "version": one.version,
        "matches": one.matches,
        "picked": one.picked,
        "installed": one.installed,
        "pinned": one.pinned,
        "stored": one.stored,
        "older": one.older,
        "quarantined": one.quarantined,
    }


def lines(found: Sequence[Version], service: str, view: View) -> list[str]:
    """A table with a line a version."""
    if not found:
        return [f"the store has no version of {one_line(service)} yet"]
    styles: list[Style] = ["good" if one.picked else "" for one in found]
    version = Column("VERSION", [one_line(one.version) for one in found], styles)
    mark = Column("", [_mark(one) for one in found], styles)
    return table([[version, mark]], view)


def _mark(one: Version) -> str:
    marks = {
        "pinned": one.pinned,
        "picked": one.picked and not one.pinned,
        "installed": one.installed,
        "quarantined": one.quarantined,
        "older than what is installed": one.older,
        "not in the store": not one.stored,
        "not wanted": not (one.matches or one.pinned),
    }
    return ", ".join(mark for mark, holds in marks.items() if holds)
