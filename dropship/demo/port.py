"""The port of loopback that the web service listens on."""

from __future__ import annotations

import socket
from typing import Final

from dropship.errors import DropshipError

HOST: Final = "127.0.0.1"


def usable(wanted: int | None) -> int:
    """The wanted port if it can be listened on, by default one that is free just now.

    Raises:
        DropshipError: It is taken, or not for this user.
    """
    with socket.socket() as listener:
        # As the web service does: connections that linger from before do not count as taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted or 0))
            listener.listen()
        except OSError as error:
            raise DropshipError(
                f"port {wanted} of {HOST} cannot be listened on: {error.strerror}",
                cure="name another with --port, or none and a free one is chosen",
            ) from error
        return int(listener.getsockname()[1])
