"""``dropship pause``: stop updating, until ``dropship resume``."""

from __future__ import annotations

import argparse
from typing import Final

from dropship.agent.protocol import LONGEST_TEXT, Request, printable
from dropship.cli import asking
from dropship.cli.orders import noted
from dropship.core import events as on
from dropship.core.saved import Paused
from dropship.errors import UsageError

_DESCRIPTION: Final = """\
Stops updating: of the named services, or of all. What is under way is finished first. It holds,
through restarts of agent and host, until dropship resume."""

_EXAMPLES: Final = """\
examples:
  dropship pause api --reason "load test until 18:00"
  dropship pause --reason "change freeze"
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("services", metavar="SERVICE", nargs="*", help="default: all")
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why: status and why show it to others"
    )


def run(args: argparse.Namespace) -> int:
    """Pause; 1 where one could not be, 4 where something else drives it.

    Raises:
        DropshipError: There is no such service, or the agent cannot be asked.
    """
    reason = printable(args.reason)
    if not reason:
        raise UsageError("the reason is empty", cure="say why, for whoever finds it paused")
    if len(reason) > LONGEST_TEXT:
        raise UsageError(
            f"the reason has more than {LONGEST_TEXT} characters", cure="say it shorter"
        )
    by = asking.whoami()
    request = Request("pause", tuple(args.services), by=by, reason=reason)
    return noted(args, request, lambda at: on.Pause(at=at, paused=Paused(reason, at, by)))
