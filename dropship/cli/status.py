"""``dropship status``: what runs, since when, what is going on, what comes next."""

from __future__ import annotations

import argparse
import json
import time
from typing import Final

from dropship.agent import answers
from dropship.agent.answers import AgentAnswer, ServiceAnswer, StatusAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.spans import ago, span, until

_EXAMPLES: Final = """\
examples:
  dropship status
  dropship status api --format json"""
_COLUMNS: Final = ("SERVICE", "STATE", "RELEASE", "SINCE", "NEXT CHECK", "")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE", nargs="?", help="default: all")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Print; 3 without an agent, else 1 if any service failed.

    Raises:
        DropshipError: The configuration has errors, or there is no such service.
    """
    request = Request("status", (args.service,) if args.service else ())
    document = asking.question(args, request)
    status = answers.of_json(StatusAnswer, document, "the agent's answer")
    print(json.dumps(document, indent=2) if args.format == "json" else _table(status))
    return status.exit_code


def _table(status: StatusAnswer) -> str:
    now = time.time()
    rows = [_COLUMNS, *(_row(one, now) for one in status.services)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([_headline(status.agent, now), "", *lines])


def _headline(agent: AgentAnswer, now: float) -> str:
    if not agent.running:
        return "no agent runs; what follows is what state says"
    since = f", up for {span(now - answers.seconds_of(agent.since))}" if agent.since else ""
    error = f"; the configuration could not be reloaded: {agent.config_error}"
    return f"agent {agent.pid}{since}" + (error if agent.config_error else "")


def _row(one: ServiceAnswer, now: float) -> tuple[str, ...]:
    return (
        one.name,
        one.state,
        one.release or "-",
        ago(one.installed_at, now),
        until(one.next_check, now),
        one.last_error or (one.paused.reason if one.paused else ""),
    )
