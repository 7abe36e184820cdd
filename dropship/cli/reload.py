"""``dropship reload``: have the agent read its configuration again."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Final

from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.drawing import drawn
from dropship.cli.output import say
from dropship.cli.place import working_directory
from dropship.cli.plain import one_line
from dropship.config.load import DEFAULT, Mode, load

_DESCRIPTION: Final = """\
Has the running agent read its configuration again. Any fault keeps the old one; else only the
services that have changed are restarted, each at a safe point of its update. Warnings are shown."""

_EXAMPLES: Final = """\
examples:
  dropship reload
  dropship validate && systemctl reload dropship"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES


def run(args: argparse.Namespace) -> int:
    """Reload; 1 if the configuration is at fault.

    Raises:
        NoAgentError: No agent runs.
        DropshipError: The agent refuses, or cannot be asked.
    """
    document = asking.order(args, Request("reload"))
    say(f"reloaded: {one_line(document['words'])}", sys.stdout)
    _warn(args)
    return 0


def _warn(args: argparse.Namespace) -> None:
    """What the agent has told its log: a mistyped ``health`` block is no error, and no check."""
    loaded = load(
        args.config or DEFAULT,
        environ=os.environ,
        cwd=working_directory(),
        euid=os.geteuid(),
        mode=Mode.LENIENT,
    )
    if loaded.config is not None:
        for one in loaded.diagnostics:
            say(drawn(one, loaded.masked, sys.stderr), sys.stderr)
