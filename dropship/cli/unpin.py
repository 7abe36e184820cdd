"""``dropship unpin``: let a service follow its constraint again."""

from __future__ import annotations

import argparse
from typing import Final

from dropship.agent.protocol import Request
from dropship.cli.orders import noted
from dropship.core import events as on

_EXAMPLES: Final = """\
examples:
  dropship unpin api"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Ends what dropship pin began; the store is asked at once."
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")


def run(args: argparse.Namespace) -> int:
    """Unpin; 1 if it could not be, 4 if something else drives the service.

    Raises:
        DropshipError: There is no such service, or the agent cannot be asked.
    """
    return noted(args, Request("unpin", (args.service,)), lambda at: on.Unpin(at=at))
