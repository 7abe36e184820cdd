"""``dropship agent``: the supervisor in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
from functools import cache, partial
from typing import Final

import dropship.cli.output
import dropship.cli.plain
import dropship.lockers.choosing  # noqa: F401 - for a reload, as above
from dropship.agent import aboard
from dropship.agent.supervisor import Plan, supervise
from dropship.agent.worker import Workers
from dropship.cli.configuration import configuration
from dropship.cli.place import working_directory
from dropship.config.model import Config
from dropship.errors import BusyError, DropshipError
from dropship.install import probe
from dropship.state import logbook

_DESCRIPTION: Final = """\
Runs in the foreground until SIGTERM or SIGINT: updates under way are finished first (a second
signal does not wait for them). SIGHUP reads the configuration again, SIGUSR1 checks now."""

_EXAMPLES: Final = """\
examples:
  dropship agent
  dropship agent --once --dry-run
  dropship agent --config=/etc/dropship.d/dropship.hcl --log-format=journal"""

_log = logging.getLogger("dropship.agent")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--once", action="store_true", help="check and update every service once, then exit"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only check, and say what would be done"
    )


def run(args: argparse.Namespace) -> int:
    """Run the agent.

    Raises:
        ConfigError: The configuration has errors.
        DropshipError: Another agent runs on its folders, or they cannot be used.
    """
    aboard.load()
    workers = Workers(once=args.once, dry_run=args.dry_run)
    # Taken once: a reload means the same places, also where the folder is removed meanwhile.
    cwd = working_directory()
    settle = not args.dry_run
    read = partial(configuration, args, cwd=cwd, warnings=True, settle=settle)
    config = read()
    if not args.dry_run:
        logbook.keep(config.state_path)
    plan = Plan(
        config=config,
        work=workers.work,
        prepare=partial(_prepare, workers),
        reload=read,
        environ=os.environ,
        once=args.once,
    )
    try:
        return supervise(plan)
    except BusyError as error:
        # Not "refused, try again later": a second agent is a mistake.
        raise DropshipError(str(error)) from error


def _prepare(workers: Workers, config: Config) -> None:
    workers.prepare(config)
    _tell_sandbox()  # forks, so everything is imported first


@cache  # said once, and not at every reload
def _tell_sandbox() -> None:
    """What is not to be had on this host is no fault of anybody's, but should be known."""
    try:
        _log.info("%s", probe.words())
    except (OSError, DropshipError) as error:
        _log.info("what the unpacker is locked up by cannot be told: %s", error)
