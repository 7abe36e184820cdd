"""Commands that have something done: through the agent where one runs, else under the lock.

One line a service: what came of it, on standard output if that is good, else on standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from dropship import log
from dropship.agent import answers, questions
from dropship.agent.answers import OutcomeAnswer
from dropship.agent.protocol import News, Request
from dropship.cli import asking
from dropship.cli.configuration import configuration
from dropship.cli.output import say
from dropship.cli.plain import one_line
from dropship.config.load import Mode
from dropship.config.model import Config, ServiceConfig
from dropship.core import events as on
from dropship.core.saved import Saved
from dropship.deploy import marks, orders
from dropship.deploy.desk import Verdict
from dropship.deploy.rig import Workshop
from dropship.deploy.standing import note
from dropship.errors import BusyError, DropshipError, NoAgentError
from dropship.install.layout import Layout
from dropship.state.store import Store


def outcomes(
    args: argparse.Namespace, request: Request, on_news: Callable[[News], None] = lambda _news: None
) -> list[OutcomeAnswer] | None:
    """Have the agent do it, and give what came of it; None if no agent runs.

    Raises:
        DropshipError: It cannot be asked, or says no.
    """
    try:
        document = asking.order(args, request, on_news)
    except NoAgentError:
        return None
    return [answers.of_json(OutcomeAnswer, one, "the agent's answer") for one in document]


def tell_all(came: Sequence[OutcomeAnswer]) -> int:
    """Say what came of each service, and give the exit code."""
    for outcome in came:
        tell(outcome)
    return worst([outcome.code for outcome in came])


def noted(args: argparse.Namespace, request: Request, event: Callable[[float], on.Event]) -> int:
    """Have the agent do it; where none runs, note it down in each service's state."""
    came = outcomes(args, request)
    if came is not None:
        return tell_all(came)
    config = configuration(args, mode=Mode.LENIENT)
    return tell_all(
        [
            _note(config, service, event(time.time()), f"dropship {request.command}")
            for service in questions.services(config, request.services)
        ]
    )


def _note(config: Config, service: ServiceConfig, event: on.Event, who: str) -> OutcomeAnswer:
    layout = Layout.of(service.artifact, service.name)
    store = Store.of(config.state_path, service.name)
    try:
        note(event, service.name, store, layout, who)
    except DropshipError as error:
        return of_error(service.name, error)
    return OutcomeAnswer(service.name, Verdict.GOOD.value, orders.came_of(event))


def retried_in_fleet(args: argparse.Namespace, request: Request) -> int:
    """As ``noted``, for a retry that is for the whole fleet: its marks are lifted first."""
    came = outcomes(args, request)
    if came is not None:
        return tell_all(came)
    config = configuration(args)
    workshop = Workshop(config, os.environ)
    found: list[OutcomeAnswer] = []
    for service in questions.services(config, request.services):
        marks.see(service)
        try:
            rig = workshop.rig(service)
            said = marks.lift(rig, rig.store.load() or Saved())
        except DropshipError as error:
            found.append(of_error(service.name, error))
            continue
        event = on.Retry(at=time.time())
        one = _note(config, service, event, f"dropship {request.command}")
        found.append(replace(one, words=f"{one.words}; {said}"))
    return tell_all(found)


def of_error(service: str, error: DropshipError) -> OutcomeAnswer:
    """What an error comes to for its service."""
    verdict = Verdict.REFUSED if isinstance(error, BusyError) else Verdict.FAILED
    return OutcomeAnswer(service, verdict.value, str(error))


def tell(outcome: OutcomeAnswer) -> None:
    """One line."""
    words = f"{one_line(outcome.service)}: {one_line(log.hide(outcome.words))}"
    if outcome.code == Verdict.GOOD.value:
        say(words, sys.stdout)
    else:
        say(f"dropship: {words}", sys.stderr)


def worst(codes: Sequence[int]) -> int:
    """The exit code of several services: 1 before 4 before 0."""
    return next((code for code in (1, 4) if code in codes), 0)
