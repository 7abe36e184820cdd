"""``dropship status``: what runs, since when, what is going on, what comes next."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from typing import Any, Final

from dropship.agent import answers
from dropship.agent.answers import StatusAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.arguments import filled
from dropship.errors import AgentHungError, DropshipError, UsageError

_DESCRIPTION: Final = """\
What runs on this host, since when, what is going on, what comes next: from the running agent,
else from what is on disk.
Exit code 0: all well; 1: a service is failed, crashed or blocked; 3: no agent runs."""

_EXAMPLES: Final = """\
examples:
  dropship status
  dropship status api
  dropship status --watch
  dropship status --format json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE", nargs="?", type=filled, help="default: all")
    parser.add_argument(
        "--watch", action="store_true", help="keep showing it, on a terminal; q or Ctrl-C ends it"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Print; 3 without an agent, else 1 if any service failed.

    Raises:
        AgentHungError: The agent does not answer; what state says has been printed.
        UsageError: ``--watch`` without a terminal, or there is no such service.
        DropshipError: The configuration has errors, or the agent cannot be asked.
    """
    request = Request("status", (args.service,) if args.service else ())
    if args.watch:
        return _watch(args, request)
    try:
        document = asking.question(args, request)
    except AgentHungError as hung:
        _print_without(args, request, hung)
        raise
    status = answers.of_json(StatusAnswer, document, "the agent's answer")
    _print(args, document, status)
    return status.exit_code


def _watch(args: argparse.Namespace, request: Request) -> int:
    if args.format == "json":
        raise UsageError(
            "--watch draws on a terminal and --format json is one document",
            cure="leave one of them out; ask for json as often as you like",
        )
    if not sys.stdout.isatty():
        raise UsageError(
            "--watch needs a terminal, and standard output is none",
            cure="leave it out; ask again as often as you like, programs with --format json",
        )
    from dropship.cli.watch import watch  # noqa: PLC0415 - rich is slow to import

    return watch(args, request)


def _print(
    args: argparse.Namespace, document: Any, status: StatusAnswer, said: str | None = None
) -> None:
    if args.format == "json":
        print(json.dumps(document, indent=2))
        return
    from dropship.cli.status_text import lines  # noqa: PLC0415 - a document needs none of it
    from dropship.cli.view import View  # noqa: PLC0415 - as above

    view = View.of(sys.stdout, os.environ)
    detail = args.service is not None
    print("\n".join(lines(status, view, time.time(), said=said, detail=detail)))


def _print_without(args: argparse.Namespace, request: Request, hung: AgentHungError) -> None:
    """What state says, of an agent that runs and says nothing."""
    try:
        document = asking.on_disk(args, request, quiet=True)
    except UsageError:
        raise  # a mistyped name: that comes first
    except DropshipError:
        return  # nothing to show; the error that follows says what matters
    status = answers.of_json(StatusAnswer, document, "state")
    agent = replace(status.agent, running=True, pid=hung.pid)
    status = replace(status, agent=agent)
    said = f"{hung.args[0]}; what follows is what state says"
    _print(args, answers.to_json(status), status, said)
