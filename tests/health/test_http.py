"""The HTTP check: what is a good answer."""

from __future__ import annotations

import socket
import threading

import pytest
from pytest_httpserver import HTTPServer

from dropship.errors import HealthError
from dropship.health.http import HttpHealth, HttpHealthOptions, Statuses
from tests.exec.runs import Runner


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("200-399", [200, 204, 302, 399], [199, 400, 503]),
        ("200", [200], [201, 199]),
        ("200, 204 ,300-302", [200, 204, 301], [201, 303]),
    ],
)
def test_statuses_are_codes_and_ranges(text: str, good: list[int], bad: list[int]) -> None:
    """As people write them."""
    statuses = Statuses.parse(text)
    assert all(status in statuses for status in good)
    assert not any(status in statuses for status in bad)
    assert str(statuses) == text


@pytest.mark.parametrize("text", ["", "ok", "399-200", "600", "20", "200-"])
def test_what_is_no_status_is_refused_when_it_is_parsed(text: str) -> None:
    """At load time."""
    with pytest.raises(ValueError, match="is no status such as"):
        Statuses.parse(text)


def test_wanted_text_is_found_wherever_it_stands(httpserver: HTTPServer) -> None:
    """Also far down, and across the pieces in which the page comes."""
    httpserver.expect_request("/").respond_with_data("x" * 65_530 + "status: pässt" + "x" * 100)
    HttpHealth(HttpHealthOptions(url=httpserver.url_for("/"), contains="pässt")).probe(
        Runner().run()
    )


def test_redirect_is_an_answer_and_not_followed(httpserver: HTTPServer) -> None:
    """It may lead to a login page of somewhere else."""
    httpserver.expect_request("/").respond_with_data("", 302, {"Location": "/there"})
    HttpHealth(HttpHealthOptions(url=httpserver.url_for("/"))).probe(Runner().run())
    assert [request.path for request, _ in httpserver.log] == ["/"]


def test_proxy_of_the_environment_is_not_asked_about_this_host(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy cannot see the host's own service."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    httpserver.expect_request("/").respond_with_data("ok")
    HttpHealth(HttpHealthOptions(url=httpserver.url_for("/"))).probe(Runner().run())


def test_server_that_says_nothing_fails_in_time() -> None:
    """Within the look's own timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(HealthError, match="no answer in time"):
            HttpHealth(HttpHealthOptions(url=url)).probe(Runner(timeout=0.3).run())


def test_page_that_trickles_fails_in_time() -> None:
    """Bytes alone are no answer."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            with pytest.raises(HealthError, match="no answer in time"):
                HttpHealth(HttpHealthOptions(url=url, contains="y")).probe(
                    Runner(timeout=0.5).run()
                )
        finally:
            stop.set()
            thread.join()


def test_login_in_the_url_is_not_shown() -> None:
    """Descriptions go to the log."""
    described = HttpHealth(
        HttpHealthOptions(url="http://u:hunter2@127.0.0.1:1/x", contains="ok")
    ).describe()
    assert described == "http http://127.0.0.1:1/x containing 'ok'"
