"""``dropship retry``: lift a service's quarantine."""

from __future__ import annotations

import argparse
from typing import Final

from dropship.agent.protocol import Request
from dropship.cli.orders import noted
from dropship.core import events as on

_DESCRIPTION: Final = """\
Lifts the quarantine of a service on this host: what failed here is tried again, at once where an
agent runs."""

_EXAMPLES: Final = """\
examples:
  dropship retry api"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")


def run(args: argparse.Namespace) -> int:
    """Lift it; 1 if it could not be, 4 if something else drives the service.

    Raises:
        DropshipError: There is no such service, or the agent cannot be asked.
    """
    return noted(args, Request("retry", (args.service,)), lambda at: on.Retry(at=at))
