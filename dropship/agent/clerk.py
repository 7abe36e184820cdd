"""A clerk: a child that answers one question and ends.

Reading files may take long, and so may whoever asked, in reading the answer. The supervisor waits
for neither: a clerk is forked with the supervisor's knowledge of this moment as its memory.
"""

from __future__ import annotations

import signal
import socket
from typing import Final

from dropship.agent import protocol, questions
from dropship.agent.protocol import Failure, Line, Request, Result
from dropship.agent.record import AgentRecord
from dropship.config.model import Config
from dropship.errors import DropshipError

PATIENCE: Final = 30
"""Seconds after which the kernel ends a clerk, whatever holds it up."""

# Of those, for handing over the answer: whoever asked has given us up by then.
_SENDING: Final = 10.0


def serve(request: Request, config: Config, agent: AgentRecord, connection: socket.socket) -> int:
    """Answer, and give the exit status of the process."""
    signal.alarm(PATIENCE)
    line: Line
    try:
        line = Result(questions.answer(request, config, agent))
    except DropshipError as error:
        line = Failure(error)
    connection.settimeout(_SENDING)
    try:
        connection.sendall(protocol.encode(line))
    except OSError:
        return 1  # whoever asked has gone, or does not read
    return 0
