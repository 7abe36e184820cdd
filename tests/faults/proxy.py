"""A proxy before a real server on loopback that spoils answers, each as it is told.

It asks the server anew for every request, takes the whole answer, and sends what the fault makes
of it, over a connection that is used once. Every request is kept, headers and all, with the bytes
of a body that went back.
"""

from __future__ import annotations

import fcntl
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Final

from tests.servers.listener import Listener, listening

_LONGEST: Final = 20.0
"""Seconds that anything may take here, so that a client that hangs ends by itself."""

_CONDITIONS: Final = ("if-match", "if-range", "if-unmodified-since")
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST
_CUT: Final = frozenset({"truncate", "reset", "stall", "swap-midway"})


@dataclass(frozen=True)
class Fault:
    """One answer's fate.

    Attributes:
        kind: What becomes of it; empty: it goes through.
        at: Where in the body, as a part of its length.
        text: The status, the Location, or a line of the head.
        lasting: Of all further answers too.
    """

    kind: str = ""
    at: float = 0.5
    text: str = ""
    lasting: bool = False


@dataclass
class Asked:
    """A request as it came, and what went back."""

    method: str
    path: str
    headers: dict[str, str]
    raw: str
    fault: Fault = field(default_factory=Fault)
    status: int = 0
    sent: int = 0

    @property
    def begins(self) -> int:
        """The offset asked for."""
        return int(self.headers.get("range", "bytes=0-")[6:].partition("-")[0])


@dataclass
class _Answer:
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    def drop(self, *names: str) -> None:
        """Take headers out."""
        self.headers = {k: v for k, v in self.headers.items() if k.lower() not in names}

    def put(self, name: str, value: str) -> None:
        """Write a header in the place of the one that is there."""
        self.drop(name.lower())
        self.headers[name] = value


class Proxy(Listener):
    """Between a client and a server.

    Attributes:
        asked: Every request, in the order they came.
        swap: Puts another object in the place of the one that is there.
    """

    def __init__(self, target: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self.swap: Callable[[], None] = lambda: None
        self._faults: dict[str, list[Fault]] = {}
        self._target = target
        self._context = context

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http{'s' if self._context else ''}://127.0.0.1:{self.port}"

    def begin(self, heads: list[Fault], gets: list[Fault], swap: Callable[[], None]) -> None:
        """Forget what was; these are the next faults."""
        self.asked, self.swap = [], swap
        self._faults = {"HEAD": list(heads), "GET": list(gets)}

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, HTTPException), client:
            client.settimeout(_LONGEST)
            if self._context is None:
                self._answer(client)
            else:
                with self._context.wrap_socket(client, server_side=True) as wrapped:
                    self._answer(wrapped)

    def _answer(self, client: socket.socket) -> None:
        asked = _read(client)
        if asked is None:
            return
        fault = asked.fault = self._next(asked.method)
        self.asked.append(asked)
        if fault.kind in {"swap-before", "swap-blindly"}:
            self.swap()
        answer = self._ask(asked)
        if fault.kind in {"swap-after", "swap-midway", "mixed"}:
            self.swap()
        if fault.kind == "mixed":
            other = self._ask(asked)
            at = int(len(answer.body) * fault.at)
            answer.body = answer.body[:at] + other.body[at:]
        if fault.kind == "silent":
            self._until_gone(client)
        else:
            self._send(client, asked, answer)

    def _next(self, method: str) -> Fault:
        left = self._faults.get(method, [])
        if not left:
            return Fault()
        return left[0] if left[0].lasting else left.pop(0)

    def _ask(self, asked: Asked) -> _Answer:
        kind = asked.fault.kind
        dropped = {"connection"}
        if kind in {"swap-blindly", "mixed"}:  # a server that knows no conditions
            dropped.update(_CONDITIONS)
        if kind == "ignore-range":
            dropped.add("range")
        connection = HTTPConnection("127.0.0.1", self._target, timeout=_LONGEST)
        try:
            connection.putrequest(
                asked.method, asked.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in asked.headers.items():
                if name not in dropped:
                    connection.putheader(name, value.encode("latin-1"))
            connection.endheaders()
            response = connection.getresponse()
            headers, body = dict(response.getheaders()), response.read()
        finally:
            connection.close()
        answer = _Answer(response.status, response.reason, headers, body)
        answer.drop("connection", "keep-alive", "transfer-encoding")
        return answer

    def _send(self, client: socket.socket, asked: Asked, answer: _Answer) -> None:
        fault = asked.fault
        cut = int(len(answer.body) * fault.at)
        _change(answer, fault, cut)
        asked.status = answer.status
        head = _head(answer, fault)
        if fault.kind == "cut-head":
            client.sendall(head[: int(len(head) * fault.at)])
            return
        body = b"" if asked.method == "HEAD" else answer.body
        if fault.kind in _CUT:
            body = body[:cut]
        elif fault.kind == "cut-chunk":
            body = body[:-5]
        client.sendall(head)
        first = 300 if fault.kind == "slow" else 0
        for at in range(0, min(first, len(body)), 3):
            client.sendall(body[at : at + 3])
        client.sendall(body[first:])
        asked.sent = len(body)
        if fault.kind == "stall":
            self._until_gone(client)
        elif fault.kind in {"reset", "swap-midway"}:
            self._until_arrived(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        else:
            # Closed before the other side has read, what it has not read yet might be lost.
            with suppress(OSError):
                client.shutdown(socket.SHUT_WR)
            self._until_gone(client)

    def _until_arrived(self, client: socket.socket) -> None:
        """What was sent is in the other side's hands: a reset takes back what is not."""
        until = time.monotonic() + _LONGEST
        unacknowledged = bytearray(4)
        while not self._over.wait(0.001) and time.monotonic() < until:
            fcntl.ioctl(client, termios.TIOCOUTQ, unacknowledged)
            if not any(unacknowledged):
                return

    def _until_gone(self, client: socket.socket) -> None:
        """Say nothing until the other side has had enough."""
        until = time.monotonic() + _LONGEST
        while not self._over.is_set() and time.monotonic() < until:
            if select.select([client], [], [], 0.1)[0]:
                return


def _read(client: socket.socket) -> Asked | None:
    """A request without a body: nobody sends one here."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = client.recv(1 << 16)
        if not piece:
            return None
        raw += piece
    text = raw.decode("latin-1")
    first, *lines = text.split("\r\n\r\n")[0].split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Asked(method, path, {name.lower(): value.strip() for name, _, value in pairs}, text)


def _change(answer: _Answer, fault: Fault, cut: int) -> None:
    """Everything about an answer that is not a matter of time."""
    body, kind = answer.body, fault.kind
    length = next((v for k, v in answer.headers.items() if k.lower() == "content-length"), "0")
    if kind == "corrupt" and body:
        answer.body = body[:cut] + bytes([body[cut] ^ 0x55]) + body[cut + 1 :]
    elif kind == "redirect":
        answer.status, answer.reason, answer.body = 302, "Found", b""
        answer.headers = {"Location": fault.text, "Content-Length": "0"}
    elif kind == "status":
        answer.status, answer.reason, answer.body = int(fault.text), "Fault", b"<p>no</p>"
        answer.headers = {"Retry-After": "1", "Content-Length": str(len(answer.body))}
    elif kind == "shorter":
        answer.put("Content-Length", str(int(int(length) * fault.at)))
    elif kind == "longer":
        answer.put("Content-Length", str(int(length) + 1000))
    elif kind == "no-length":
        answer.drop("content-length")
    elif kind == "wrong-range" and answer.status == 206:
        answer.put("Content-Range", fault.text)
    elif kind in {"chunked", "cut-chunk"}:
        answer.drop("content-length")
        answer.put("Transfer-Encoding", "chunked")
        pieces = (body[at : at + 50_000] for at in range(0, len(body), 50_000))
        answer.body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


def _head(answer: _Answer, fault: Fault) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    if fault.kind == "garbage":
        answer.drop(fault.text.partition(":")[0].lower())
        lines.append(fault.text)
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


@contextmanager
def proxy(target: int, context: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy before a port of loopback."""
    with listening(Proxy(target, context)) as made:
        yield made
