"""``dropship check``: ask the stores what a check would find; change nothing."""

from __future__ import annotations

import argparse
import json
import os
from typing import Final

from dropship import log
from dropship.agent.questions import services
from dropship.cli.configuration import configuration
from dropship.cli.plain import one_line
from dropship.config.model import ServiceConfig
from dropship.deploy.check import Checked, check
from dropship.deploy.rig import Workshop
from dropship.errors import ConfigError

_EXAMPLES: Final = """\
examples:
  dropship check
  dropship check api --format json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("services", metavar="SERVICE", nargs="*", help="default: all")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Ask, print; 1 where a store could not be asked.

    Raises:
        DropshipError: The configuration has errors, or there is no such service.
    """
    config = configuration(args)
    workshop = Workshop(config, os.environ)
    found = [_check(workshop, service) for service in services(config, args.services)]
    if args.format == "json":
        print(json.dumps([_row(one) for one in found], indent=2))
    else:
        for one in found:
            print(f"{one_line(one.service)}: {one_line(one.words)}")
    return 1 if any(one.state == "error" for one in found) else 0


def _check(workshop: Workshop, service: ServiceConfig) -> Checked:
    try:
        rig = workshop.rig(service)
    except ConfigError as error:
        said, cure = log.hide(str(error)), log.hide(error.cure)
        return Checked(service.name, "error", None, error=said, cure=cure)
    return check(rig)


def _row(one: Checked) -> dict[str, str | None]:
    return {
        "service": one.service,
        "state": one.state,
        "installed": one.installed,
        "token": one.token,
        "error": one.error,
    }
