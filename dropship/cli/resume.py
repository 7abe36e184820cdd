"""``dropship resume``: update again."""

from __future__ import annotations

import argparse
from typing import Final

from dropship.agent.protocol import Request
from dropship.cli.orders import noted
from dropship.core import events as on

_EXAMPLES: Final = """\
examples:
  dropship resume api
  dropship resume"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Ends what dropship pause began; the store is asked at once."
    parser.epilog = _EXAMPLES
    parser.add_argument("services", metavar="SERVICE", nargs="*", help="default: all")


def run(args: argparse.Namespace) -> int:
    """Resume; 1 where one could not be, 4 where something else drives it.

    Raises:
        DropshipError: There is no such service, or the agent cannot be asked.
    """
    request = Request("resume", tuple(args.services))
    return noted(args, request, lambda at: on.Resume(at=at))
