"""``dropship releases``: what is kept on this host, and can be gone back to."""

from __future__ import annotations

import argparse
import json
from typing import Final

from dropship.agent import answers
from dropship.agent.answers import ReleaseAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking

_EXAMPLES: Final = """\
examples:
  dropship releases api
  dropship releases api --format json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
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
    for one in found:
        print(one)
    return 0
