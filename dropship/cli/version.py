"""``dropship version``: which version this is."""

from __future__ import annotations

import argparse
from typing import Final

from dropship import __version__

API: Final = 1
"""Which contract the JSON documents of all commands keep; fields are only ever added."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = "examples:\n  dropship version\n  dropship version --format json"
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    if args.format == "json":
        import json  # noqa: PLC0415 - the text form needs none

        print(json.dumps({"version": __version__, "api": API}))
    else:
        print(f"dropship {__version__}")
    return 0
