"""``dropship update``: check and update now, with progress."""

from __future__ import annotations

import argparse
from typing import Final

from dropship.agent.protocol import Request
from dropship.cli.doing import do
from dropship.core import events as on

_DESCRIPTION: Final = """\
Checks and updates now, with progress: through the running agent, or by itself where none runs.
Exit code 1: one failed; 4: one was refused (paused, quarantined, busy)."""

_EXAMPLES: Final = """\
examples:
  dropship update
  dropship update api --force"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("services", metavar="SERVICE", nargs="*", help="default: all")
    parser.add_argument(
        "--force", action="store_true", help="past pause and quarantine, and the same bytes again"
    )


def run(args: argparse.Namespace) -> int:
    """Update; 1 where one failed, else 4 where one was refused.

    Raises:
        DropshipError: There is no such service, the agent cannot be asked, or the configuration
            has errors.
    """
    request = Request("update", tuple(args.services), force=args.force)
    return do(args, request, lambda: on.CheckNow(force=args.force))
