"""A front before an HTTP server on loopback that takes down what is asked, and changes answers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.servers.certificate import Certificate

_OF_A_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass
class Answer:
    """What the server says, before anybody hears it; ``change`` may make it something else."""

    method: str
    path: str
    asked: dict[str, str]
    status: int
    headers: dict[str, str]
    body: bytes = b""

    def now(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Say something else."""
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers["Content-Length"] = str(len(body))


@dataclass
class Between:
    """A front. ``asked``: ``"HEAD /v1/…?query"`` in the order they came."""

    port: int
    change: Callable[[Answer], None]
    asked: list[str] = field(default_factory=list)
    server: Any = None
    tls: bool = False

    @property
    def url(self) -> str:
        """Its origin."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.server.server_port}"

    def count(self, text: str) -> int:
        """How many requests had that in them."""
        return sum(text in one for one in self.asked)


def nothing(_answer: Answer) -> None:
    """Leave it as it is."""


def _handler(front: Between) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            front.asked.append(f"{self.command} {self.path}")
            asked = dict(self.headers)
            body = self.rfile.read(int(asked.get("Content-Length", 0)))
            with requests.Session() as session:
                session.trust_env = False
                heard = session.request(
                    self.command,
                    f"http://127.0.0.1:{front.port}{self.path}",
                    headers=asked,
                    data=body,
                    allow_redirects=False,
                    timeout=30,
                )
                headers = {k: v for k, v in heard.headers.items() if k.lower() not in _OF_A_HOP}
                answer = Answer(
                    self.command, self.path, asked, heard.status_code, headers, heard.content
                )
            front.change(answer)
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_HEAD = do_PUT = do_POST = _pass_on  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


class QuietServer(ThreadingHTTPServer):
    """Whose clients may hang up when they like."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """It is no news."""


@contextmanager
def between(
    port: int, change: Callable[[Answer], None] = nothing, *, shows: Certificate | None = None
) -> Iterator[Between]:
    """A front before a port of loopback while a block lasts; over TLS if it ``shows`` a certificate."""
    made = Between(port, change, tls=shows is not None)
    made.server = QuietServer(("127.0.0.1", 0), _handler(made))
    if shows is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shows.cert, shows.key)
        made.server.socket = context.wrap_socket(
            made.server.socket, server_side=True, do_handshake_on_connect=False
        )
    with serving(made.server):
        yield made


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """A server, serving while a block lasts."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
