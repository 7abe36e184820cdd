"""``dropship logs``: the last lines said of a service."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.arguments import positive
from dropship.cli.plain import one_line, seen
from dropship.cli.view import Style, View

_DESCRIPTION: Final = """\
The last lines said of a service, output of its hooks included: with an agent or without, as they
stand in its log."""

_EXAMPLES: Final = """\
examples:
  dropship logs api
  dropship logs api --lines 20
  dropship logs api --format json"""
_DEFAULT: Final = 100
_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {"warning": "warn", "error": "bad", "critical": "bad", "debug": "dim"}
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument(
        "--lines", metavar="N", type=positive, default=_DEFAULT, help=f"default: {_DEFAULT}"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: an object a line"
    )


def run(args: argparse.Namespace) -> int:
    """Print, the oldest first.

    Raises:
        DropshipError: There is no such service, or it cannot be asked or read.
    """
    document = asking.question(args, Request("logs", (args.service,), limit=args.lines))
    if args.format == "json":
        for event in document:
            print(json.dumps(event))
        return 0
    view = View.of(sys.stdout, os.environ)
    for event in document:
        for line in lines(event, view):
            print(line)
    if not document:
        print(f"nothing has been said of {one_line(args.service)} yet", file=sys.stderr)
    return 0


def lines(event: Mapping[str, Any], view: View) -> Iterator[str]:
    """An event as the log has it; a traceback in the lines below."""
    said = {name: str(value) for name, value in event.items()}
    level = said.get("level", "")
    service = f"[{one_line(said['service'])}] " if said.get("service") else ""
    time = one_line(said.get("time", ""))
    head = view.paint(one_line(level.upper()), _STYLES.get(level, ""))
    message = _spaced(said.get("message", ""))
    yield f"{_whole_seconds(time)} {head} {service}{message}"
    yield from map(_spaced, said.get("traceback", "").splitlines())


def _whole_seconds(time: str) -> str:
    """As the agent's own log has it: ``2026-11-23T07:40:07.123Z`` without the fraction."""
    head, dot, _ = time.partition(".")
    return f"{head}Z" if dot else time


def _spaced(text: str) -> str:
    """As it is, for output of hooks has columns, too; but nothing that steers a terminal."""
    return seen(text.replace("\t", "    "))
