"""``dropship history``: past updates."""

from __future__ import annotations

import argparse
import json
from typing import Final

from dropship.agent import answers
from dropship.agent.answers import UpdateAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking

_EXAMPLES: Final = """\
examples:
  dropship history
  dropship history api --limit 3 --format json"""
_DEFAULT: Final = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE", nargs="?", help="default: all")
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
    for one in found:
        print(one)
    return 0


def positive(text: str) -> int:
    """A whole number above zero, for argparse.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return int(text)
