"""How every hook asks a server: once, within its time, without showing what may be a secret."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Got
from werkzeug import Response

from dropship.core.values import Strings
from dropship.errors import HookError, InterruptedByStop
from dropship.hooks.request import Request, discreet, header, send
from dropship.net.http import Http, Identity
from tests.exec.runs import Runner, Watcher
from tests.servers.listener import Listener, listening
from tests.servers.process import free_port


class Trickle(Listener):
    """Sends its answer a byte at a time, and never ends it."""

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self._over.wait(0.05):
                client.sendall(b"X")


class Silence(Listener):
    """Takes the request, and says nothing."""

    def _serve(self, client: socket.socket) -> None:
        with client:
            self._over.wait()


def failure(request: Request, runner: Runner | None = None) -> str:
    """How a request fails."""
    with pytest.raises(HookError) as caught:
        send(Http(), request, (runner or Runner()).run())
    return str(caught.value)


@pytest.mark.parametrize("server", [Trickle, Silence])
def test_timeout_bounds_all_of_the_request(server: type[Listener]) -> None:
    """However the server keeps us."""
    began = time.monotonic()
    with listening(server()) as listener:
        url = f"http://127.0.0.1:{listener.port}/"
        failure(Request("POST", url), Runner(timeout=0.5))
    assert 0.4 < time.monotonic() - began < 20


def test_stop_breaks_out_of_a_server_that_says_nothing() -> None:
    """Long before the hook's timeout, and the watch is looked after all the time."""
    watch = Watcher(stop=lambda: len(watch.looks) > 1)
    with listening(Silence()) as listener:
        request = Request("POST", f"http://127.0.0.1:{listener.port}/")
        with pytest.raises(InterruptedByStop):
            send(Http(), request, Runner(timeout=100, watch=watch).run())


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_good(httpserver: HTTPServer, status: int) -> None:
    """Whatever else it says."""
    httpserver.expect_request("/", data="x").respond_with_data("odd", status)
    send(Http(), Request("POST", httpserver.url_for("/"), "x"), Runner().run())
    httpserver.check_assertions()


@pytest.mark.parametrize("status", [302, 400, 403, 404, 429, 500, 503])
def test_other_answers_are_told_in_their_first_line(httpserver: HTTPServer, status: int) -> None:
    """The status, and what the server says of it."""
    httpserver.expect_request("/").respond_with_data("invalid_payload\nmore", status)
    said = failure(Request("POST", httpserver.url_for("/")))
    assert str(status) in said
    assert "invalid_payload" in said
    assert "more" not in said


def test_nobody_there_is_told_with_the_address() -> None:
    """So that somebody can look."""
    url = f"http://127.0.0.1:{free_port()}/deploys"
    assert failure(Request("POST", url)) == f"POST {url}: Connection refused"


def test_post_is_sent_once(httpserver: HTTPServer) -> None:
    """An answer that did not come may have been a request that did."""
    came: list[Got] = []

    def answer(got: Got) -> Response:
        came.append(got)
        return Response(status=500)

    httpserver.expect_request("/").respond_with_handler(answer)
    failure(Request("POST", httpserver.url_for("/")))
    assert len(came) == 1


def test_credentials_do_not_follow_to_another_origin(httpserver: HTTPServer) -> None:
    """A redirect is followed with method and body, and without the headers of the session."""
    there = httpserver.url_for("/there")
    httpserver.expect_request("/here").respond_with_data("", 307, {"Location": there})
    came: list[Got] = []

    def answer(got: Got) -> Response:
        came.append(got)
        return Response()

    httpserver.expect_request("/there").respond_with_handler(answer)
    here = httpserver.url_for("/here").replace("localhost", "127.0.0.1")
    assert here.partition("/here")[0] != there.partition("/there")[0]
    http = Http(Identity(headers=Strings({"X-Key": "hunter2"})))
    send(http, Request("POST", here, "body"), Runner().run())
    (got,) = came
    assert got.get_data() == b"body"
    assert "X-Key" not in got.headers


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:9000/deploy/done", "http://127.0.0.1:9000/deploy/done"),
        ("https://u:pw@ops.example.com/a?key=1", "https://ops.example.com/a?…"),
        (
            "https://hooks.slack.com/services/T024BE7LD/B024BE7LH/onlyLettersHereToo",
            "https://hooks.slack.com/services/…/…/…",
        ),
        ("https://chat.example.com/hooks/zbeqxyfoo", "https://chat.example.com/hooks/…"),
        (
            "https://discord.com/api/webhooks/1234567/aB3dE5gH7jK9",
            "https://discord.com/api/webhooks/1234567/…",
        ),
        ("http://[::1/x", "http://[::1/x"),
    ],
)
def test_keys_in_addresses_are_not_shown(url: str, shown: str) -> None:
    """Whoever has the address of a chat may write there."""
    assert discreet(url) == shown


def test_errors_do_not_show_keys_in_addresses() -> None:
    """They stand in logs, in the history and in the text of ``failed`` hooks."""
    url = f"http://127.0.0.1:{free_port()}/services/T024BE7LD/aB3dE5gH7jK9"
    said = failure(Request("POST", url))
    assert "T024BE7LD" not in said
    assert "aB3dE5gH7jK9" not in said
    assert "/services/…/…: Connection refused" in said


def test_header_is_one_line_of_what_can_be_sent() -> None:
    """Texts of errors come into headers too."""
    assert header("a\r\n b ") == "a b"
    assert header("é…").encode("latin-1").decode() == "é…"
