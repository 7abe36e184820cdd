"""The way between the supervisor and one worker: packets that never make anybody wait.

A ``SOCK_SEQPACKET`` pair keeps messages apart by itself and ends when the other side does. Both
ends are non-blocking: a full channel refuses a message, and its sender decides what that means.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

from dropship.agent import messages
from dropship.agent.messages import Message

AT_ONCE: Final = 64
"""Messages that are received at a time: a chatty worker is not to keep the supervisor from others."""


class Channel:
    """One end."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self.closed = False
        """The other side is gone: nothing will ever be received again."""

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two ends of a new channel."""
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(left), cls(right)

    def send(self, message: Message) -> bool:
        """Say something; False if the channel is full or the other side is gone.

        Raises:
            ValueError: The message is too long.
        """
        packet = messages.encode(message)
        try:
            self._socket.send(packet, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError:
            # EPIPE, ECONNRESET: gone. ENOBUFS: as good as full.
            return False
        return True

    def receive(self) -> Iterator[Message]:
        """What has been said so far, a bounded number of messages; then ``closed`` is right.

        Raises:
            ValueError: A packet that is no message; go on by calling again.
        """
        for _ in range(AT_ONCE):
            try:
                packet = self._socket.recv(messages.LONGEST + 1)
            except BlockingIOError:
                return
            except ConnectionError:
                self.closed = True
                return
            if not packet:
                self.closed = True
                return
            yield messages.decode(packet)

    def fileno(self) -> int:
        """The descriptor, for selectors and for ``fork``."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
