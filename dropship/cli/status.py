"""``dropship status``: what runs, since when, what is going on, what comes next."""

from __future__ import annotations

import argparse
import json
import time
from typing import Final

from dropship.agent.status import ServiceStatus, Status, as_json, gather
from dropship.cli.configuration import configuration
from dropship.cli.selection import services
from dropship.config.load import Mode

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
    config = configuration(args, mode=Mode.LENIENT)
    status = gather(config, services(config, [args.service] if args.service else []))
    if args.format == "json":
        print(json.dumps(as_json(status), indent=2))
    else:
        print(_table(status))
    return status.exit_code


def _table(status: Status) -> str:
    rows = [_COLUMNS, *(_row(one) for one in status.services)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([_headline(status), "", *lines])


def _headline(status: Status) -> str:
    agent = status.agent
    if agent is None:
        return "no agent runs; what follows is what state says"
    since = f", up for {ago(agent.since)}" if agent.since else ""
    error = f"; the configuration could not be reloaded: {agent.config_error}"
    return f"agent {agent.pid}{since}" + (error if agent.config_error else "")


def _row(one: ServiceStatus) -> tuple[str, ...]:
    current = one.saved.current
    worker = one.worker
    following = worker.next_check if worker else None
    return (
        one.service.name,
        one.state,
        current.name if current else "-",
        f"{ago(one.saved.installed_at)} ago" if one.saved.installed_at else "-",
        f"in {_span(following - time.time())}" if following else "-",
        one.error or (one.saved.paused.reason if one.saved.paused else ""),
    )


def ago(since: float | None) -> str:
    """How long ago, in one unit."""
    return _span(time.time() - since) if since is not None else "-"


def _span(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
