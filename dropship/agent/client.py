"""The one documented client of the control socket: asks the agent that runs on a ``run_path``."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dropship.agent import protocol
from dropship.agent.protocol import Failure, News, Request, Result
from dropship.errors import AgentHungError, DropshipError, NoAgentError
from dropship.linux.unix import address
from dropship.state.lock import agent_pid

TIMEOUT: Final = 10.0
"""Seconds without a word after which an agent counts as hung: a busy one speaks every two."""

_LONGEST_LINE: Final = 64 << 20
_PIECE: Final = 64 << 10
_ASK_AGAIN: Final = 0.05
# An agent that ends hangs up a moment before it is gone.
_ENDING: Final = 1.0


def ask(
    run_path: Path,
    request: Request,
    *,
    on_news: Callable[[News], None] = lambda _news: None,
    timeout: float = TIMEOUT,
) -> Any:
    """Ask the agent, and give the document that it answers with.

    ``on_news`` hears what goes on meanwhile. ``timeout``: seconds between two words.

    Raises:
        NoAgentError: No agent runs on ``run_path``.
        UsageError, BusyError, ConfigError, StateError: What the agent says.
        AgentHungError: It does not answer.
        DropshipError: It could not be asked: no permission, for example.
    """
    with _connected(run_path, timeout) as connection:
        connection.settimeout(timeout)
        try:
            connection.sendall(protocol.encode_request(request))
            for line in _lines(connection):
                said = protocol.decode(line)
                if isinstance(said, News):
                    on_news(said)
                elif isinstance(said, Result):
                    return said.document
                elif isinstance(said, Failure):
                    raise said.error
        except TimeoutError as error:
            raise _hung(run_path, timeout) from error
        except OSError as error:
            raise _cut_off(run_path) from error
    raise _cut_off(run_path)


def running(run_path: Path) -> bool:
    """Whether an agent runs on ``run_path``.

    Raises:
        StateError: That cannot be told: no permission.
    """
    return agent_pid(run_path) is not None


def _connected(run_path: Path, timeout: float) -> socket.socket:
    """A connection to the agent, which may just be starting, and have no socket yet."""
    path = run_path / protocol.SOCKET
    until = time.monotonic() + timeout
    while True:
        if not running(run_path):
            raise NoAgentError("no agent runs", cure="start it with dropship agent")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            with address(path) as name:
                connection.connect(name)
        except PermissionError as error:
            connection.close()
            raise DropshipError(
                f"no permission to use {path}",
                cure="run it as root, or as a member of the socket's group (see socketGroup)",
            ) from error
        except OSError as error:
            connection.close()
            if time.monotonic() >= until:
                raise _hung(run_path, timeout) from error
            time.sleep(_ASK_AGAIN)
        else:
            return connection


def _lines(connection: socket.socket) -> Any:
    held = bytearray()
    while piece := connection.recv(_PIECE):
        held += piece
        while (end := held.find(b"\n")) >= 0:
            yield bytes(held[:end])
            del held[: end + 1]
        if len(held) > _LONGEST_LINE:
            return


def _hung(run_path: Path, timeout: float) -> DropshipError:
    pid = agent_pid(run_path)
    return AgentHungError(
        f"the agent (process {pid}) has not answered for {timeout:.0f} s",
        cure=f"it may be stopped or overloaded: look at it with ps -p {pid}, or restart it",
        pid=pid,
    )


def _cut_off(run_path: Path) -> DropshipError:
    until = time.monotonic() + _ENDING
    while running(run_path):
        if time.monotonic() >= until:
            return DropshipError("the agent hung up without an answer", cure="look into its log")
        time.sleep(_ASK_AGAIN)
    return DropshipError("the agent ended meanwhile", cure="see dropship status")
