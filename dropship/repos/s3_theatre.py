"""Connections to nobody, over which requests to S3 are rehearsed before the first worker is forked.

What Python notes in its own memory while code runs for the first times (3.11: eight) is memory
that processes forked later share.
"""

from __future__ import annotations

import socket
from typing import Any, Final

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSRequest
from botocore.httpsession import URLLib3Session
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

TIMES: Final = 10
"""How often is often enough."""

_ANSWER: Final = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: "900150983cd24fb0d6963f7d28e17f72"\r\n'
    b"Content-Type: application/gzip\r\nDate: Sun, 29 Nov 2026 00:00:00 GMT\r\n\r\n"
)


class _Stage(HTTPConnection):
    """A connection to nobody: a socket in which the answer to a HEAD is waiting already."""

    _server: socket.socket | None = None

    def connect(self) -> None:
        """Take the place of a server."""
        self.host.encode("idna")  # as urllib3 does
        self.sock, self._server = socket.socketpair()
        self._server.sendall(_ANSWER)

    def close(self) -> None:
        """Leave."""
        if self._server is not None:
            self._server.close()
        super().close()


class _AwsStage(_Stage, AWSHTTPConnection):  # type: ignore[misc] # as botocore's itself, of which one base has no types
    """The same as botocore's own."""


class Theatre(HTTPConnectionPool):
    """Of connections to nobody, also where the scheme asks for secrecy."""

    ConnectionCls = _Stage

    def __init__(self, host: str, port: int | None = None, **_secrecy: Any) -> None:
        super().__init__(host, port, maxsize=1)


class _AwsTheatre(AWSHTTPConnectionPool):
    """The same as botocore's own."""

    ConnectionCls = _AwsStage

    def __init__(self, host: str, port: int | None = None, **_secrecy: Any) -> None:
        super().__init__(host, port, maxsize=1)


def rehearse_sending() -> None:
    """Have botocore send requests, as to STS, or for an instance's credentials."""
    session: Any = URLLib3Session()
    session._manager.pool_classes_by_scheme = dict.fromkeys(("http", "https"), _AwsTheatre)  # noqa: SLF001 - there is no public way
    for _ in range(TIMES):
        session.send(AWSRequest("HEAD", "http://nobody/").prepare())
        session.close()
