"""Callers of a control socket that do not behave as the client does."""

from __future__ import annotations

import json
import select
import socket
from pathlib import Path
from typing import Any

from dropship.agent.protocol import SOCKET
from dropship.linux.unix import address

DEADLINE = 60.0


class Call:
    """A raw connection; used with ``with``, which hangs up."""

    def __init__(self, run_path: Path) -> None:
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.settimeout(DEADLINE)
        with address(run_path / SOCKET) as name:
            self.connection.connect(name)

    def say(self, content: bytes | dict[str, Any]) -> Call:
        """Send bytes, or a request's line."""
        line = content if isinstance(content, bytes) else json.dumps(content).encode() + b"\n"
        self.connection.sendall(line)
        return self

    def lines(self) -> list[dict[str, Any]]:
        """All that is answered until the other side hangs up."""
        heard = b""
        try:
            while piece := self.connection.recv(1 << 20):
                heard += piece
        except ConnectionResetError:
            pass  # it did not read all that we said
        return [json.loads(line) for line in heard.splitlines()]

    def end(self) -> dict[str, Any]:
        """The last line of the answer."""
        return self.lines()[-1]

    def dropped(self) -> bool:
        """Whether the other side has hung up; reads nothing."""
        poll = select.poll()
        poll.register(self.connection, 0)  # a hang-up is always told
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    def __enter__(self) -> Call:  # noqa: PYI034 - typing.Self is 3.11's
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
