"""``dropship update``: check and update now, with progress, under the service's own lock.

One line a service: what it came to on standard output if that is good, else on standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Final

from dropship import log
from dropship.cli.configuration import configuration
from dropship.cli.output import say
from dropship.cli.selection import services, worst
from dropship.cli.terminal import TerminalDesk, terminal
from dropship.deploy.driver import Driver
from dropship.deploy.errand import FAILED, GOOD, REFUSED, Errand, outcome
from dropship.deploy.rig import Rig, Workshop
from dropship.errors import BusyError, DropshipError
from dropship.state.lock import ServiceLock

_EXAMPLES: Final = """\
examples:
  dropship update
  dropship update api --force"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("services", metavar="SERVICE", nargs="*", help="default: all")
    parser.add_argument(
        "--force", action="store_true", help="past pause and quarantine, and the same bytes again"
    )


def run(args: argparse.Namespace) -> int:
    """Update one service after the other; 1 where one failed, else 4 where one was refused.

    Raises:
        DropshipError: The configuration has errors.
    """
    config = configuration(args)
    workshop = Workshop(config, os.environ)
    codes: list[int] = []
    with terminal() as desk:
        for service in services(config, args.services):
            codes.append(_update(workshop.rig(service), desk, force=args.force))
            if desk.stopped_by is not None:
                return 128 + desk.stopped_by
    return worst(codes)


def _update(rig: Rig, desk: TerminalDesk, *, force: bool) -> int:
    name = rig.service.name
    errand = Errand(desk, force=force)
    lock = ServiceLock(rig.layout.lock, name, "dropship update")
    driver = Driver(rig, errand, log.bound(name), in_place=lock.in_place)
    try:
        with lock:
            left = driver.run()
    except BusyError as error:
        _complain(name, str(error))
        return REFUSED
    except DropshipError as error:
        _complain(name, str(error))
        return FAILED
    if left:
        _complain(name, "interrupted; the next start goes on")
        return FAILED
    return _tell(name, driver, called_off=desk.stopped_by is not None and not errand.done)


def _tell(name: str, driver: Driver, *, called_off: bool) -> int:
    """Say what it came to; ``called_off``: before the check that was asked for was carried out."""
    code, ended = outcome(driver), driver.outcome
    current = driver.state.saved.current
    runs = f"{current.name} is current" if current else "nothing is installed"
    if called_off and (ended is None or code == GOOD):
        # Past its safe point an update is finished first; that may be all there was to do.
        _complain(name, f"interrupted; {f'{ended}, ' if ended else ''}{runs}")
        return FAILED
    if code == GOOD:
        say(f"{name}: up to date, {runs}", sys.stdout)
        return GOOD
    verdict = "failed" if code == FAILED else "not updated"
    _complain(name, f"{verdict}: {driver.state.trouble}; {runs}")
    return code


def _complain(name: str, why: str) -> None:
    words = " ".join(log.hide(why).split())
    say(f"dropship: {name}: {words}", sys.stderr)
