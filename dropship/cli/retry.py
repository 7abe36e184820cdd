"""``dropship retry``: lift a service's quarantine."""

from __future__ import annotations

import argparse
from typing import Final

from dropship.agent.protocol import Request
from dropship.cli.orders import noted, retried_in_fleet
from dropship.core import events as on

_DESCRIPTION: Final = """\
Lifts the quarantine of a service on this host: what failed here is tried again, at once where an
agent runs. Where turns are taken, what failed on one host is kept from all others, too: with --fleet
they forget it, and each tries it when its turn comes."""

_EXAMPLES: Final = """\
examples:
  dropship retry api
  dropship retry api --fleet"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument(
        "--fleet", action="store_true", help="for all hosts that the service takes turns with"
    )


def run(args: argparse.Namespace) -> int:
    """Lift it; 1 if it could not be, 4 if something else drives the service.

    Raises:
        DropshipError: There is no such service, or the agent cannot be asked.
    """
    if args.fleet:
        return retried_in_fleet(args, Request("retry", (args.service,), fleet=True))
    return noted(args, Request("retry", (args.service,)), lambda at: on.Retry(at=at))
