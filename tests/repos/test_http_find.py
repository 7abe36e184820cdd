"""The HTTP repo: servers without HEAD, what was seen before, what a cut download goes on by."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.errors import MovedError, RepoError
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from tests.contracts.shelves import drain, read, replace
from tests.e2e.host import eventually
from tests.servers.nginx import Nginx


@contextmanager
def repo(**keys: Any) -> Iterator[HttpRepo]:
    """A repo with these keys."""
    made = HttpRepo(HttpOptions(**keys))
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
@pytest.mark.parametrize("ranges", [True, False])
def test_artifact_is_found_by_its_first_byte_where_head_is_refused(
    httpserver: HTTPServer, status: int, *, ranges: bool
) -> None:
    """As with signed URLs; the next check costs one request, whether the server knows ranges or not."""
    asked: list[tuple[str, str]] = []

    def serve(request: Request) -> Response:
        asked.append((request.method, request.headers.get("Range", "")))
        if request.method == "HEAD":
            return Response("", status)
        headers = {"ETag": '"1"', "Content-Type": "application/gzip"}
        if not ranges or "Range" not in request.headers:
            return Response("abcdef", headers=headers)
        return Response("a", 206, headers={**headers, "Content-Range": "bytes 0-0/6"})

    httpserver.expect_request("/a.tar.gz").respond_with_handler(serve)
    location = HttpLocation(url=httpserver.url_for("/a.tar.gz?sig=1"))
    with repo() as made:
        found = made.find(location)
        assert (found.size, found.token, found.content_type) == (6, '"1"', "application/gzip")
        assert asked == [("HEAD", ""), ("GET", "bytes=0-0")]
        assert made.find(location) == found
        assert asked[2:] == [("GET", "bytes=0-0")]


class _Shy(BaseHTTPRequestHandler):
    """Answers HEAD with less than it knows; ``left``: which headers are in it."""

    left: tuple[str, ...] = ()

    def do_HEAD(self) -> None:
        """What is left in."""
        self.send_response(200)
        for name, value in {"ETag": '"1"', "Content-Length": "6"}.items():
            if name in self.left:
                self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        """All of it."""
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"abcdef")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.mark.parametrize("left", [("ETag",), ("Content-Length",), ()])
def test_artifact_is_found_by_its_first_byte_where_head_tells_too_little(
    left: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110, 9.3.2: an answer to HEAD may leave out what is known only when there is content."""
    monkeypatch.setattr(_Shy, "left", left)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shy) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            with repo() as made:
                location = HttpLocation(url=f"http://127.0.0.1:{server.server_port}/a.bin")
                found = made.find(location)
                assert (found.size, found.token) == (6, '"1"')
                assert read(made, location) == b"abcdef"
        finally:
            server.shutdown()


def test_nothing_is_found_where_there_is_no_first_byte(nginx: Nginx) -> None:
    """An empty file is one."""
    (nginx.www / "empty.bin").write_bytes(b"")
    with repo(url=f"{nginx.url}/signed") as made:
        assert read(made, HttpLocation(path="empty.bin")) == b""


def test_server_that_has_no_part_of_nothing_is_asked_for_all_of_it(httpserver: HTTPServer) -> None:
    """RFC 9110, 15.5.17: nothing has no first byte."""

    def serve(request: Request) -> Response:
        if request.method == "HEAD":
            return Response("", 405)
        if "Range" in request.headers:
            return Response("", 416, {"Content-Range": "bytes */0"})
        return Response("", headers={"ETag": '"1"'})

    httpserver.expect_request("/x").respond_with_handler(serve)
    with repo() as made:
        location = HttpLocation(url=httpserver.url_for("/x"))
        assert read(made, location) == b""
        assert made.find(location).size == 0


def test_refusal_of_get_is_the_one_that_is_told(httpserver: HTTPServer) -> None:
    """It knows more than that of HEAD."""
    httpserver.expect_request("/x", method="HEAD").respond_with_data("", 403)
    httpserver.expect_request("/x", method="GET").respond_with_data("", 410)
    with repo() as made, pytest.raises(RepoError, match="410 GONE; check the artifact") as caught:
        made.find(HttpLocation(url=httpserver.url_for("/x")))
    assert caught.value.permanent


@pytest.mark.parametrize("below", ["", "/signed", "/to-file"])
def test_artifact_that_did_not_change_is_not_told_again(nginx: Nginx, below: str) -> None:
    """Only that it did not; when it did, all is new."""
    name = f"again-{below[1:]}.bin"
    path, log = nginx.www / name, nginx.www.parent / "access.log"

    def spared() -> int:
        return sum(f'/{name} HTTP/1.1" 304 ' in line for line in log.read_text().splitlines())

    replace(path, b"one")
    with repo(url=f"{nginx.url}{below}") as made:
        location = HttpLocation(path=name)
        first = made.find(location)
        assert made.find(location) == first
        assert made.find(location) == first
        eventually(lambda: spared() == 2, "nginx writes down what it has answered")
        replace(path, b"other")
        assert made.find(location).size == 5


def test_older_file_put_back_is_seen_without_an_etag(nginx: Nginx) -> None:
    """Servers call it not modified since; so they are not asked that."""
    path = nginx.www / "dated.bin"
    with repo(url=f"{nginx.url}/no-etag") as made:
        replace(path, b"one")
        first = made.find(HttpLocation(path="dated.bin"))
        replace(path, b"two")
        assert made.find(HttpLocation(path="dated.bin")) != first
        path.unlink()
        replace(path, b"one")
        assert made.find(HttpLocation(path="dated.bin")).token == first.token


def test_not_modified_that_nobody_asked_for_is_no_answer(httpserver: HTTPServer) -> None:
    """There is nothing that it could stand for."""
    httpserver.expect_request("/x").respond_with_data("", 304)
    with repo() as made, pytest.raises(RepoError, match="304 NOT MODIFIED"):
        made.find(HttpLocation(url=httpserver.url_for("/x")))


def test_what_was_seen_is_forgotten_in_time(httpserver: HTTPServer) -> None:
    """A thousand artifacts do not stay in memory."""
    asked: list[str] = []

    def serve(request: Request) -> Response:
        asked.append(request.headers.get("If-None-Match", ""))
        return Response("abc", headers={"ETag": f'"{request.path}"'})

    httpserver.expect_request("").respond_with_handler(serve)
    with repo(url=httpserver.url_for("/")) as made:
        for number in range(100):
            made.find(HttpLocation(path=str(number)))
        made.find(HttpLocation(path="99"))
        made.find(HttpLocation(path="0"))
    assert asked[100:] == ['"/99"', ""]


def serving(headers: dict[str, str], asked: list[dict[str, str]]) -> Any:
    """A handler of six bytes that knows ranges, and no conditions."""

    def serve(request: Request) -> Response:
        asked.append(dict(request.headers))
        first = request.range.ranges[0][0] if request.range else 0
        more = {"Content-Range": f"bytes {first}-5/6"} if first else {}
        return Response("abcdef"[first:], 206 if first else 200, headers={**headers, **more})

    return serve


@pytest.mark.parametrize(
    ("etag", "age", "goes_on_by"),
    [
        ('"1"', None, "etag"),
        # As Swift writes it: without quotes it cannot be sent, and it is a strong one all the same.
        ("d41d8cd9", None, "nothing"),
        ("", 70, "date"),
        ("", 20, None),
        ("", -3600, None),
        ('W/"1"', None, None),
        ('W/"1"', 3600, None),
    ],
)
def test_cut_download_goes_on_only_by_what_tells_bytes_apart(
    httpserver: HTTPServer, etag: str, age: float | None, goes_on_by: str | None
) -> None:
    """Different bytes may have the same weak ETag, or the same young date."""
    asked: list[dict[str, str]] = []
    date = "" if age is None else formatdate(time.time() - age, usegmt=True)
    headers = {"ETag": etag, "Last-Modified": date}
    there = {name: value for name, value in headers.items() if value}
    httpserver.expect_request("/a").respond_with_handler(serving(there, asked))
    location = HttpLocation(url=httpserver.url_for("/a"))
    with repo() as made:
        found = made.find(location)
        assert read(made, location) == b"abcdef"
        if goes_on_by is None:
            with pytest.raises(MovedError, match="it starts over"):
                made.open(location, found, 2)
        else:
            assert drain(made.open(location, found, 2)) == b"cdef"
            wanted = {"etag": etag, "date": date, "nothing": ""}
            assert asked[-1].get("If-Range", "") == wanted[goes_on_by]
        sure = found._replace(sha256="0" * 64)
        assert drain(made.open(location, sure, 2)) == b"cdef", "it is held against a promise"


@pytest.mark.parametrize(
    ("status", "after", "least", "most"),
    [
        (429, "7", 7, 7),
        (503, "7", 7, 7),
        (503, 3600, 3590, 3601),
        (503, -3600, 0, 0),
        (503, "9" * 400, 86_400, 86_400),
        (503, "soon", 0, 0),
        (503, "-5", 0, 0),
        (404, "7", 0, 0),
    ],
)
def test_server_that_wants_to_be_left_alone_is_heard(
    httpserver: HTTPServer, status: int, after: str | int, least: float, most: float
) -> None:
    """By who looks and by who downloads; in seconds, or by a date."""
    until = after if isinstance(after, str) else formatdate(time.time() + after, usegmt=True)
    answers = [Response("abc", headers={"ETag": '"1"'})]
    answers += [Response("", status, {"Retry-After": until})] * 3
    httpserver.expect_request("/a").respond_with_handler(lambda _: answers.pop(0))
    location = HttpLocation(url=httpserver.url_for("/a"))
    with repo() as made:
        found = made.find(location)
        with pytest.raises(RepoError) as opening:
            made.open(location, found)
        with pytest.raises(RepoError) as finding:
            made.find(location)
    assert least <= opening.value.wait <= most
    assert least <= finding.value.wait <= most
    assert opening.value.permanent is (status == 404)


@pytest.mark.parametrize(
    ("name", "coding", "etag", "taken"),
    [
        ("a.tar.gz", "x-gzip", '"1"', True),
        ("a.tar.gz", "gzip", 'W/"1"', True),
        ("a.tgz", "GZIP", 'W/"1"', True),
        ("tool", "gzip", '"1"', True),
        ("tool", "identity", '"1"', True),
        ("tool", "gzip", 'W/"1"', False),
        ("a.tar.gz", "br", '"1"', False),
        ("tool", "deflate", '"1"', False),
    ],
)
def test_what_a_server_packs_on_the_way_is_refused(
    httpserver: HTTPServer, name: str, coding: str, etag: str, *, taken: bool
) -> None:
    """It would be installed as it comes. What is stored packed is often called so, too."""
    httpserver.expect_request(f"/{name}").respond_with_data(
        "abc", headers={"Content-Encoding": coding, "ETag": etag}
    )
    location = HttpLocation(url=httpserver.url_for(f"/{name}"))
    with repo() as made:
        if taken:
            assert read(made, location) == b"abc"
            return
        with pytest.raises(RepoError, match=rf"packs what it sends \({coding}\)") as caught:
            made.find(location)
        assert caught.value.permanent


def test_packed_on_the_way_is_refused_when_only_get_tells(httpserver: HTTPServer) -> None:
    """HEAD has no body that could be packed."""
    headers = {"ETag": '"1"'}
    httpserver.expect_request("/t", method="HEAD").respond_with_data("abc", headers=headers)
    headers = {**headers, "Content-Encoding": "br"}
    httpserver.expect_request("/t", method="GET").respond_with_data("abc", headers=headers)
    with repo() as made, pytest.raises(RepoError, match="packs what it sends"):
        read(made, HttpLocation(url=httpserver.url_for("/t")))
