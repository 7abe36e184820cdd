"""``dropship rollback``: make an earlier release current again."""

from __future__ import annotations

import argparse
from typing import Final

from dropship.agent.protocol import Request
from dropship.cli.arguments import filled
from dropship.cli.doing import do
from dropship.deploy.desk import GoBack

_DESCRIPTION: Final = """\
Makes the previous release current again, or the named one (see dropship releases): an update as
any other, with hooks and health checks. The release that is left goes into quarantine, so that
the store does not bring it back; dropship retry lifts that."""

_EXAMPLES: Final = """\
examples:
  dropship rollback api
  dropship rollback api 20261123T031338Z-900150983cd2"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument(
        "release", metavar="RELEASE", nargs="?", type=filled, help="default: previous"
    )


def run(args: argparse.Namespace) -> int:
    """Go back; 1 if that failed, 4 if the service is busy.

    Raises:
        DropshipError: There is no such service, or the agent cannot be asked.
    """
    request = Request("rollback", (args.service,), release=args.release or "")
    return do(args, request, lambda: GoBack(args.release or ""))
