"""``dropship pin``: hold a service at one version, until ``dropship unpin``."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Final

from dropship import log
from dropship.agent.protocol import LONGEST_TEXT, Request, printable
from dropship.agent.questions import services
from dropship.cli import asking
from dropship.cli.configuration import configuration
from dropship.cli.orders import noted
from dropship.cli.output import say
from dropship.core import events as on
from dropship.deploy import versions
from dropship.deploy.rig import Workshop
from dropship.errors import ConfigError, RepoError, UsageError

_DESCRIPTION: Final = """\
Holds a service at one version of its artifact, whatever its constraint says: it is installed, also
if that is a step back, and stays until dropship unpin, through restarts of agent and host."""

_EXAMPLES: Final = """\
examples:
  dropship versions api
  dropship pin api 2.1.3"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("version", metavar="VERSION", help="one of dropship versions")


def run(args: argparse.Namespace) -> int:
    """Pin; 1 if it could not be, 4 if something else drives the service.

    Raises:
        DropshipError: There is no such service or version, or the agent cannot be asked.
    """
    wanted = printable(args.version)
    if not wanted or len(wanted) > LONGEST_TEXT:
        raise UsageError("that is no version", cure="name one of dropship versions")
    version = _spelled(args, wanted)
    request = Request("pin", (args.service,), by=asking.whoami(), version=version)
    return noted(args, request, lambda at: on.Pin(at=at, version=version))


def _spelled(args: argparse.Namespace, wanted: str) -> str:
    """The version as its store spells it; as it was written where the store cannot be asked.

    Who may talk to the agent need not be able to read its configuration.
    """
    try:
        config = configuration(args)
        (service,) = services(config, (args.service,))
        versions.see(service, wanted)
        return versions.spelled(Workshop(config, os.environ).rig(service), wanted)
    except (RepoError, ConfigError) as error:
        say(f"dropship: not looked up: {log.hide(str(error))}", sys.stderr)
        return wanted
