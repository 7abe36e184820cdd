"""The control socket, from the supervisor's side: callers that never make anybody wait.

The socket's mode is the permission: 0660, for root and the operators' group. What a caller says
is one line of bounded length, said within a few seconds; what it is told goes out without
blocking, and one that does not read it is dropped.
"""

from __future__ import annotations

import grp
import logging
import os
import selectors
import socket
import struct
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from dropship.agent import protocol
from dropship.agent.protocol import Line, Request
from dropship.errors import StateError, UsageError
from dropship.linux.unix import address

_MODE: Final = 0o660
_CALLERS: Final = 128
_BACKLOG: Final = 128
_DEFAULT_GROUP: Final = "dropship"  # config.model's
# How long a caller may take to say what it wants.
_PATIENCE: Final = 5.0
_PAUSE: Final = 1.0
# struct ucred of <sys/socket.h>: pid, uid, gid.
_UCRED: Final = "=iII"

_log = logging.getLogger("dropship.agent")


class Caller:
    """One connection.

    Attributes:
        until: When it has to have said what it wants (``time.monotonic()``).
        gone: It has hung up, or was dropped.
    """

    def __init__(self, connection: socket.socket, until: float) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.until = until
        self.gone = False
        self._said = bytearray()

    def who(self) -> str:
        """Who it is, as the kernel knows it: for the record."""
        raw = self.connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_UCRED)
        )
        pid, uid, _ = struct.unpack(_UCRED, raw)
        return f"uid {uid}, process {pid}"

    def request(self) -> Request | None:
        """What it wants, once it has said so.

        Raises:
            UsageError: What it said is no request.
        """
        try:
            heard = self.connection.recv(protocol.LONGEST_REQUEST + 1)
        except BlockingIOError:
            return None
        except OSError:
            heard = b""
        self._said += heard
        line, end, _ = self._said.partition(b"\n")
        if not heard:
            self.gone = True
        if len(line) > protocol.LONGEST_REQUEST:
            raise UsageError(f"a request has at most {protocol.LONGEST_REQUEST} bytes")
        return protocol.decode_request(bytes(line)) if end else None

    def tell(self, line: Line) -> None:
        """Tell it something; who does not listen is dropped."""
        packet = protocol.encode(line)
        try:
            sent = self.connection.send(packet, socket.MSG_NOSIGNAL)
        except OSError:
            sent = 0
        if sent < len(packet):
            self.gone = True


class Control:
    """Takes calls while the ``with`` block lasts; ``selector`` wakes for it and for each caller.

    Attributes:
        callers: Those whose call has not ended.
        deaf_until: No call is taken before then (``time.monotonic()``); None if any is.

    Raises (on entering):
        StateError: The socket cannot be made.
    """

    def __init__(self, run_path: Path, group: str, selector: selectors.BaseSelector) -> None:
        self.path = run_path / protocol.SOCKET
        self.callers: list[Caller] = []
        self.deaf_until: float | None = None
        self._group = group
        self._selector = selector
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> Control:  # noqa: PYI034 - typing.Self is 3.11's
        try:
            self._listen()
        except OSError as error:
            self._socket.close()
            raise StateError(
                f"the control socket {self.path} cannot be made: {error.strerror or error}",
                cure="make its folder writable for the agent's user, or name another run_path",
            ) from error
        self._selector.register(self._socket, selectors.EVENT_READ, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for caller in self.callers:
            caller.connection.close()
        self._socket.close()
        with suppress(OSError):
            self.path.unlink()

    def _listen(self) -> None:
        # One that a killed agent left behind; whoever holds run_path's lock may take it away.
        with suppress(FileNotFoundError):
            self.path.unlink()
        self._socket.setblocking(False)
        before = os.umask(0o777 & ~_MODE)
        try:
            with address(self.path) as name:
                self._socket.bind(name)
        finally:
            os.umask(before)
        self._give_to_group()
        self._socket.listen(_BACKLOG)

    def _give_to_group(self) -> None:
        """Let the operators' group use it, before anybody can."""
        try:
            os.chown(self.path, -1, grp.getgrnam(self._group).gr_gid)
        except (KeyError, PermissionError) as error:
            why = "there is no such group" if isinstance(error, KeyError) else error.strerror
            # The default is a wish; a name that somebody has written is an expectation.
            level = logging.DEBUG if self._group == _DEFAULT_GROUP else logging.WARNING
            _log.log(
                level,
                "only this agent's own user may use the control socket, not the group %s: %s",
                self._group,
                why,
            )

    def accept(self, now: float) -> None:
        """Take the calls that wait; those that are too many wait a little longer."""
        while len(self.callers) < _CALLERS:
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:
                break  # no descriptors just now
            caller = Caller(connection, now + _PATIENCE)
            self.callers.append(caller)
            self._selector.register(connection, selectors.EVENT_READ, caller)
        # Or the call that waits would wake us again and again.
        self._selector.unregister(self._socket)
        self.deaf_until = now + _PAUSE

    def listen_again(self, now: float) -> None:
        """After there were too many."""
        if self.deaf_until is not None and now >= self.deaf_until:
            self._selector.register(self._socket, selectors.EVENT_READ, self)
            self.deaf_until = None

    def hang_up(self, caller: Caller) -> None:
        """It was told all, has gone, or another process goes on talking to it."""
        if caller in self.callers:
            self.callers.remove(caller)
            self._selector.unregister(caller.connection)
            caller.connection.close()
