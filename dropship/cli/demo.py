"""``dropship demo``: the whole story on this machine in a minute, with nothing to configure."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from dropship.cli.output import settle
from dropship.cli.storyteller import storyteller
from dropship.demo.interrupt import Interrupts
from dropship.demo.stage import Wish, perform
from dropship.errors import InterruptedByStop

_DESCRIPTION: Final = """\
Makes a store in a folder, a configuration and a little web service, starts an agent on them, and
shows what it does with new versions, a broken one, and a worker that is killed. Everything stays
in DIR and on this machine, needs no root, and is stopped at the end.
Exit code 0: every step came out right; 1: one did not."""

_EXAMPLES: Final = """\
examples:
  dropship demo
  dropship demo /tmp/look --port 8080"""

_PORTS: Final = range(1, 65536)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "dir",
        metavar="DIR",
        type=Path,
        nargs="?",
        help="an empty folder, or one to be made; default: a temporary one",
    )
    parser.add_argument(
        "--port",
        metavar="N",
        type=_port,
        help="of 127.0.0.1, for the web service; default: a free one",
    )


def run(args: argparse.Namespace) -> int:
    """Tell the story; 0 if every step came out right.

    Raises:
        DropshipError: One did not, or it could not begin.
    """
    wish = Wish(args.dir, args.port, os.environ, _called())
    with Interrupts() as interrupts:
        try:
            perform(wish, storyteller(), interrupts)
        except InterruptedByStop:
            return 128 + (interrupts.number or 0)
        finally:
            settle()
    return 0


def _called() -> str:
    """How the user calls this program."""
    name = sys.argv[0]
    if Path(name).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m dropship"
    found = shutil.which(Path(name).name)
    return Path(name).name if found and Path(found).samefile(name) else shlex.quote(name)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) not in _PORTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return int(text)
