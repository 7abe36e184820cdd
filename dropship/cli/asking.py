"""Asking: the agent where one runs, else what is on disk."""

from __future__ import annotations

import argparse
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dropship.agent import client
from dropship.agent.protocol import News, Request
from dropship.cli.place import working_directory
from dropship.config.load import DEFAULT, Mode, run_path
from dropship.errors import DropshipError, NoAgentError

_ROOT: int = 0


def agent_place(args: argparse.Namespace) -> Path | None:
    """The ``run_path`` of the agent that runs with this configuration; None if none runs."""
    return next((one for one in _places(args) if client.running(one)), None)


def _places(args: argparse.Namespace) -> list[Path]:
    path = args.config or DEFAULT
    cwd = working_directory()
    # As this user's agent has it, and as the system's has it whose operator this user may be.
    users = [os.geteuid()] if path != DEFAULT else [os.geteuid(), _ROOT]
    found = [run_path(path, environ=os.environ, cwd=cwd, euid=euid) for euid in users]
    return list(dict.fromkeys(found))


def question(
    args: argparse.Namespace,
    request: Request,
    *,
    timeout: float = client.TIMEOUT,
    quiet: bool = False,
) -> Any:
    """The document that answers a request which changes nothing.

    ``timeout``: seconds to wait for the agent. ``quiet``: faults of the configuration are not
    shown, only raised.

    Raises:
        AgentHungError: An agent runs and does not answer.
        DropshipError: The agent cannot be asked or says no; without one, the configuration has
            errors or state cannot be read.
    """
    place = agent_place(args)
    if place is not None:
        try:
            return client.ask(place, request, timeout=timeout)
        except DropshipError:
            if client.running(place):
                raise
            # It has just ended: what it leaves on disk is the answer.
    return on_disk(args, request, quiet=quiet)


def on_disk(args: argparse.Namespace, request: Request, *, quiet: bool = False) -> Any:
    """The document that answers a request as far as configuration and state can tell.

    Raises:
        DropshipError: The configuration has errors, or state cannot be read.
    """
    # An agent that answers spares its callers these.
    from dropship.agent import questions  # noqa: PLC0415 - as above
    from dropship.cli.configuration import configuration  # noqa: PLC0415 - as above

    config = configuration(args, mode=Mode.LENIENT, quiet=quiet)
    return questions.answer(request, config, None)


def order(
    args: argparse.Namespace, request: Request, on_news: Callable[[News], None] = lambda _news: None
) -> Any:
    """Have the agent do something.

    Raises:
        NoAgentError: None runs.
        DropshipError: It cannot be asked, or says no.
    """
    place = agent_place(args)
    if place is None:
        raise NoAgentError("no agent runs", cure="start it with dropship agent")
    return client.ask(place, request, on_news=on_news)


def whoami() -> str:
    """The operator's name, also behind sudo."""
    behind = os.environ.get("SUDO_USER", "") if os.geteuid() == _ROOT else ""
    if behind:
        return behind
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
