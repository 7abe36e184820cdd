"""``dropship run-hook``: a hook by hand, as the agent would run it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final

from dropship import log
from dropship.agent import questions
from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.arguments import positive
from dropship.cli.configuration import configuration
from dropship.cli.doing import do
from dropship.cli.output import say
from dropship.cli.plain import seen
from dropship.config.load import Mode
from dropship.core.saved import Saved
from dropship.deploy import by_hand
from dropship.deploy.desk import ByHand
from dropship.deploy.driver import new_id
from dropship.deploy.rig import Workshop
from dropship.errors import DropshipError

_DESCRIPTION: Final = """\
Runs the before, after or failed hooks of a service, or the Nth of them, outside of any update: by
the agent where one runs, with its user and environment, else here. Facts such as
$DROPSHIP_NEW_HASH are those of the release that runs. A failing hook changes nothing but the exit
code. With --dry-run the command or request is printed instead, secrets hidden."""

_EXAMPLES: Final = """\
examples:
  dropship run-hook api after
  dropship run-hook api before 2
  dropship run-hook api failed --dry-run"""
_KINDS: Final = ("before", "after", "failed")
_MOST: Final = 10_000  # lines of output that are shown


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("kind", choices=_KINDS, help="which hooks")
    parser.add_argument(
        "number", metavar="N", nargs="?", type=positive, default=0, help="default: all of them"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be done")


def run(args: argparse.Namespace) -> int:
    """Run them; 1 if one failed, 4 if the service is busy.

    Raises:
        DropshipError: There is no such service or hook, or the agent cannot be asked.
    """
    wanted = ByHand(args.kind, args.number)
    if args.dry_run:
        return _describe(args, wanted)
    request = Request("run-hook", (args.service,), kind=args.kind, number=args.number)
    began = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    since = began.replace("+00:00", "Z")
    return do(args, request, lambda: wanted, lambda: _show_output(args, since))


def _describe(args: argparse.Namespace, wanted: ByHand) -> int:
    config = configuration(args, mode=Mode.LENIENT)
    (service,) = questions.services(config, (args.service,))
    by_hand.see(service, wanted)
    rig = Workshop(config, os.environ).rig(service)
    attempt = by_hand.attempt(wanted, rig.store.load() or Saved(), new_id())
    for name, text in by_hand.described(rig, wanted, attempt):
        first, *more = log.hide(text).splitlines() or [""]
        print(f"{name}: {seen(first)}", *map(seen, more), sep="\n")
    return 0


def _show_output(args: argparse.Namespace, since: str) -> None:
    """What the hooks said meanwhile, as the agent's log has it."""
    try:
        said = asking.question(args, Request("logs", (args.service,), limit=_MOST), quiet=True)
    except DropshipError:  # the agent has just ended; the outcome has told that
        return
    for event in said:
        if _is_output(event, since):
            say(seen(str(event["message"])), sys.stderr)


def _is_output(event: Mapping[str, Any], since: str) -> bool:
    return str(event.get("message", "")).startswith("| ") and str(event.get("time", "")) >= since
