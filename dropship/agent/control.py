"""The control socket, from the supervisor's side: callers that never make anybody wait.

The socket's mode is the permission: 0660, for root and the operators' group. What a caller says
is one line of bounded length, said within a few seconds. What it is told waits in memory until the
socket has room, and one that reads nothing of it for a few seconds is dropped.
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
        until: When it is hung up on, unless it says or reads something (``time.monotonic()``);
            None while it is we who keep it waiting.
        gone: It has hung up, or was dropped.
        ending: It was told the end; nothing but its reading of that is waited for.
    """

    def __init__(self, connection: socket.socket, until: float) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.until: float | None = until
        self.gone = False
        self.ending = False
        self._said = bytearray()
        self._unsent = bytearray()

    @property
    def behind(self) -> bool:
        """It has not read yet all that it was told."""
        return bool(self._unsent)

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
        self._said += self.heard()
        line, end, _ = self._said.partition(b"\n")
        if len(line) > protocol.LONGEST_REQUEST:
            raise UsageError(f"a request has at most {protocol.LONGEST_REQUEST} bytes")
        return protocol.decode_request(bytes(line)) if end else None

    def heard(self) -> bytes:
        """What it says now; by and by this shows whether it is still there."""
        try:
            heard = self.connection.recv(protocol.LONGEST_REQUEST + 1)
        except BlockingIOError:
            return b""
        except OSError:
            heard = b""
        self.gone |= not heard
        return heard

    def tell(self, *lines: Line) -> None:
        """Tell it something; what the socket has no room for now goes out by ``send``."""
        self._unsent += b"".join(map(protocol.encode, lines))

    def send(self) -> bool:
        """Hand over what the socket has room for; True if that was something."""
        try:
            sent = self.connection.send(self._unsent, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError:
            self.gone = True
            return False
        del self._unsent[:sent]
        return sent > 0


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
        self._gid = -1

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
        self._gid = self.path.lstat().st_gid
        # Before anybody can use it.
        self.give_to(self._group)
        self._socket.listen(_BACKLOG)

    def give_to(self, group: str) -> None:
        """Let the operators' group use it, and no other: where that fails, nobody but its owner."""
        self._group = group
        try:
            os.chown(self.path, -1, grp.getgrnam(group).gr_gid)
        except (KeyError, OSError) as error:
            # OSError: not our group, or one that this user namespace does not know (EINVAL).
            with suppress(OSError):
                os.chown(self.path, -1, self._gid)
            why = "there is no such group" if isinstance(error, KeyError) else error.strerror
            # The default is a wish; a name that somebody has written is an expectation.
            level = logging.DEBUG if group == _DEFAULT_GROUP else logging.WARNING
            _log.log(
                level,
                "only this agent's own user may use the control socket, not the group %s: %s",
                group,
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

    def tell(self, caller: Caller, *lines: Line, now: float) -> None:
        """Tell a caller something, which it reads when it gets to it, but soon."""
        if not caller.behind:
            caller.until = now + _PATIENCE
        caller.tell(*lines)
        self.go_on_telling(caller, now)

    def go_on_telling(self, caller: Caller, now: float) -> None:
        """It may have read some more of what it was told."""
        if caller.send():
            caller.until = now + _PATIENCE
        if not caller.behind:
            caller.until = None
        if caller.ending and not caller.behind:
            self.hang_up(caller)
        if caller in self.callers:
            # One that hangs up wakes us either way.
            event = selectors.EVENT_WRITE if caller.behind else selectors.EVENT_READ
            self._selector.modify(caller.connection, event, caller)

    def end(self, caller: Caller, line: Line, now: float) -> None:
        """Tell a caller the end, and hang up once it has read that."""
        caller.ending = True
        self.tell(caller, line, now=now)

    def hang_up(self, caller: Caller) -> None:
        """It was told all, has gone, or another process goes on talking to it."""
        if caller in self.callers:
            self.callers.remove(caller)
            self._selector.unregister(caller.connection)
            caller.connection.close()
            if self.deaf_until is not None:
                self.deaf_until = 0.0  # there is room for another one
