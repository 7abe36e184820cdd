"""What ``update`` and ``rollback`` share: one order, driven by the agent or by ourselves."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from dropship import log
from dropship.agent import questions
from dropship.agent.answers import OutcomeAnswer
from dropship.agent.protocol import Request
from dropship.cli.configuration import configuration
from dropship.cli.news import watching
from dropship.cli.orders import of_error, outcomes, tell, tell_all, worst
from dropship.cli.output import say
from dropship.cli.terminal import TerminalDesk, terminal
from dropship.config.model import ServiceConfig
from dropship.deploy import by_hand
from dropship.deploy.desk import ByHand, Verdict, Wanted
from dropship.deploy.driver import Driver
from dropship.deploy.errand import Errand
from dropship.deploy.rig import Workshop
from dropship.errors import DropshipError
from dropship.state import logbook
from dropship.state.lock import ServiceLock


def do(
    args: argparse.Namespace,
    request: Request,
    wanted: Callable[[], Wanted],
    meanwhile: Callable[[], None] = lambda: None,
) -> int:
    """Have it done and say what came of it; 1 where it failed, else 4 where it was refused.

    ``meanwhile``: tells what else was said while the agent did it; that stands before the outcome.

    Raises:
        DropshipError: There is no such service, the agent cannot be asked, or the configuration
            has errors.
    """
    came_of_it = _through_agent(args, request, meanwhile)
    if came_of_it is not None:
        return tell_all(came_of_it)
    config = configuration(args, settle=request.command != "run-hook")  # which takes no turn
    logbook.keep(config.state_path)
    workshop = Workshop(config, os.environ)
    codes: list[int] = []
    with terminal() as desk:
        for service in questions.services(config, request.services):
            order = wanted()
            if isinstance(order, ByHand):
                by_hand.see(service, order)
            came = _drive(workshop, service, desk, order, f"dropship {request.command}")
            tell(came)
            codes.append(came.code)
            if desk.stopped_by is not None:
                return 128 + desk.stopped_by
    return worst(codes)


def _through_agent(
    args: argparse.Namespace, request: Request, meanwhile: Callable[[], None]
) -> list[OutcomeAnswer] | None:
    try:
        # Rows that are still shown when something else is printed cannot be taken back.
        with watching() as on_news:
            came = outcomes(args, request, on_news)
    except KeyboardInterrupt:
        meanwhile()
        say("the agent goes on with it; dropship status shows how far it is", sys.stderr)
        raise
    except DropshipError:
        meanwhile()
        raise
    if came is not None:
        meanwhile()
    return came


def _drive(
    workshop: Workshop, service: ServiceConfig, desk: TerminalDesk, wanted: Wanted, who: str
) -> OutcomeAnswer:
    name = service.name
    errand = Errand(desk, wanted)
    try:
        rig = workshop.rig(service)
        lock = ServiceLock(rig.layout.lock, name, who)
        driver = Driver(rig, errand, log.bound(name), in_place=lock.in_place)
        with lock:
            left = driver.run()
    except DropshipError as error:
        return of_error(name, error)
    came = errand.came
    if left or came is None:
        words = "interrupted; the next start goes on" if left else "interrupted"
        return OutcomeAnswer(name, Verdict.FAILED.value, words)
    return OutcomeAnswer(name, came.verdict.value, came.words)
