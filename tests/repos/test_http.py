"""The HTTP repo: credentials, redirects, and answers that cannot be trusted."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core.values import Duration, Secret, Strings
from dropship.errors import ConfigError, MovedError, RepoError
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from tests.contracts.shelves import drain, read
from tests.repos.answering import answering as origin
from tests.servers.nginx import PASSWORD, USER, Nginx
from tests.servers.process import free_port


@contextmanager
def repo(**keys: Any) -> Iterator[HttpRepo]:
    """A repo with these keys."""
    made = HttpRepo(HttpOptions(**keys))
    try:
        yield made
    finally:
        made.close()


def fault(url: str, **keys: Any) -> RepoError:
    """The error that finding ends in."""
    with repo(**keys) as made, pytest.raises(RepoError) as caught:
        made.find(HttpLocation(url=url))
    return caught.value


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """The URL of an artifact that is there for so many answers."""
    with origin(*answers) as url:
        yield f"{url}/api.tar.gz"


def test_credentials_open_what_needs_them(nginx: Nginx) -> None:
    """As keys of the repo, and in the URL; neither shows in the source."""
    (nginx.www / "secret.txt").write_bytes(b"abc")
    with repo(url=f"{nginx.url}/private", user=USER, password=Secret(PASSWORD)) as made:
        assert read(made, HttpLocation(path="secret.txt")) == b"abc"
    login = nginx.url.replace("://", "://deploy:pass%20word%20%C3%A9@")
    with repo() as made:
        location = HttpLocation(url=f"{login}/private/secret.txt?sig=1")
        assert read(made, location) == b"abc"
        assert made.find(location).source == f"{nginx.url}/private/secret.txt?…"


@pytest.mark.parametrize(
    ("path", "says", "permanent"),
    [
        ("/private/x", "401 Unauthorized; check user and password", True),
        ("/nowhere", "404 Not Found; check the artifact's path or url", True),
        ("/busy/x", "503 Service Temporarily Unavailable", False),
        ("/round/", "more than 5 redirects", True),
    ],
)
def test_bad_answers_are_told_with_their_cure(
    nginx: Nginx, path: str, says: str, *, permanent: bool
) -> None:
    """Permanent is what waiting does not mend."""
    error = fault(f"{nginx.url}{path}")
    assert says in str(error)
    assert error.permanent is permanent


def test_server_that_is_down_is_passing() -> None:
    """With the kernel's reason and the URL, not the library's."""
    url = f"http://127.0.0.1:{free_port()}/x"
    error = fault(url)
    assert str(error) == f"HEAD {url}: Connection refused"
    assert not error.permanent


def test_certificate_nobody_vouches_for_is_refused(nginx: Nginx) -> None:
    """And the cure names caBundle."""
    error = fault(f"{nginx.tls_url}/identity")
    assert error.permanent
    assert "caBundle" in error.cure


def test_https_to_a_port_without_tls_is_told(nginx: Nginx) -> None:
    """A certificate is not what is wrong there."""
    error = fault(f"https://127.0.0.1:{nginx.port}/identity")
    assert error.permanent
    assert "write http:// for one that speaks no TLS" in error.cure


def test_redirect_from_https_to_http_is_not_followed(nginx: Nginx) -> None:
    """Anybody on the way could change what comes."""
    (nginx.www / "down.txt").write_bytes(b"abc")
    error = fault(f"{nginx.tls_url}/downgrade/down.txt", ca_bundle=str(nginx.authority))
    assert error.permanent
    assert "redirects from https" in str(error)


@pytest.mark.parametrize("same", [True, False])
def test_redirect_to_another_origin_takes_no_credential_along(
    httpserver: HTTPServer, *, same: bool
) -> None:
    """Neither Authorization nor the operator's own headers; to the same origin they go."""
    seen: list[dict[str, str]] = []
    target = httpserver.url_for("/there")
    if not same:
        target = target.replace("localhost", "127.0.0.1")

    def there(request: Request) -> Response:
        seen.append(dict(request.headers))
        return Response("abc", headers={"ETag": '"1"'})

    httpserver.expect_request("/here").respond_with_data("", 302, {"Location": target})
    httpserver.expect_request("/there").respond_with_handler(there)
    keys = {"bearer": Secret("t0ken"), "headers": Strings({"X-Auth-Token": "t0ken"})}
    with repo(url=httpserver.url_for("/").replace("127.0.0.1", "localhost"), **keys) as made:
        assert read(made, HttpLocation(path="here")) == b"abc"
    assert len(seen) == 2
    for headers in seen:
        assert ("t0ken" in str(headers)) is same
        assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("same", [True, False])
def test_login_in_a_url_goes_along_to_the_same_origin_only(
    httpserver: HTTPServer, *, same: bool
) -> None:
    """A whole URL in Location has no login, and is that of the same server all the same."""
    seen: list[str] = []
    base = httpserver.url_for("/").replace("127.0.0.1", "localhost")
    target = base if same else base.replace("localhost", "127.0.0.1")

    def there(request: Request) -> Response:
        seen.append(request.headers.get("Authorization", ""))
        return Response("abc", headers={"ETag": '"1"'})

    httpserver.expect_request("/here").respond_with_data("", 302, {"Location": f"{target}there"})
    httpserver.expect_request("/there").respond_with_handler(there)
    with repo() as made:
        url = base.replace("://", "://deploy:pass%20word@")
        assert read(made, HttpLocation(url=f"{url}here")) == b"abc"
    assert seen == ["Basic ZGVwbG95OnBhc3Mgd29yZA==" if same else ""] * 2


def test_absolute_url_elsewhere_gets_no_credential_of_the_repo(httpserver: HTTPServer) -> None:
    """They are for the repo's own url."""
    seen: list[str] = []

    def there(request: Request) -> Response:
        seen.append(str(request.headers))
        return Response("abc", headers={"ETag": '"1"'})

    httpserver.expect_request("/x").respond_with_handler(there)
    with repo(url="https://builds.example.com", bearer=Secret("t0ken")) as made:
        made.find(HttpLocation(url=httpserver.url_for("/x")))
    assert "t0ken" not in seen[0]


def test_compressed_transfer_is_taken_as_it_is_stored(httpserver: HTTPServer) -> None:
    """A server that calls a tar.gz "encoded" does not get it unpacked on the way."""
    packed = b"\x1f\x8b not really gzip"
    httpserver.expect_request("/a.tar.gz").respond_with_data(
        packed, headers={"Content-Encoding": "gzip", "ETag": '"1"'}
    )
    with repo() as made:
        assert read(made, HttpLocation(url=httpserver.url_for("/a.tar.gz"))) == packed


HEAD = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nConnection: close\r\n'


@pytest.mark.parametrize(
    "body",
    [
        HEAD + b"Content-Length: 10\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_body_that_ends_short_is_an_error(body: bytes) -> None:
    """Whatever the client library says."""
    head = body if b"chunked" in body else HEAD + b"Content-Length: 10\r\n\r\n"
    with answering(head, body) as url, repo() as made:
        location = HttpLocation(url=url)
        found = made.find(location)
        opened = made.open(location, found)
        with pytest.raises(RepoError, match="after 3") as caught:
            drain(opened)
        opened.close()
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "body",
    [
        HEAD + b"Content-Length: 5\r\n\r\n01234",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("announced", [0, 3])
def test_body_that_is_longer_than_announced_is_another_object(body: bytes, announced: int) -> None:
    """No part of it may pass for the whole."""
    head = HEAD + b"Content-Length: %d\r\n\r\n" % announced
    with answering(head, body) as url, repo() as made:
        location = HttpLocation(url=url)
        found = made.find(location)
        assert found.size == announced
        with pytest.raises(MovedError):
            drain(made.open(location, found))


@pytest.mark.parametrize("text", [b"abc", b"-3", b"", b"9" * 5000], ids=lambda text: text[:5])
def test_length_that_is_none_is_told_with_its_place(text: bytes) -> None:
    """It may be a proxy's, and gone the next time."""
    answer = HEAD + b"Content-Length: " + text + b"\r\n\r\n"
    with answering(answer) as url:
        error = fault(url)
    assert str(error).startswith(f"{url}: the server sends a Content-Length that is no length: ")
    assert not error.permanent


PART = b'HTTP/1.1 206 Partial Content\r\nETag: "1"\r\nConnection: close\r\n'


@pytest.mark.parametrize(
    ("part", "kind", "says"),
    [
        (b"\r\nabc", RepoError, "a part without a Content-Range"),
        (b"Content-Range: bytes */3\r\n\r\nabc", RepoError, "a Content-Range that is none"),
        (b"Content-Range: bytes 2-2/" + b"9" * 5000 + b"\r\n\r\nc", RepoError, "that is none"),
        (b"Content-Range: bytes 2-2/9\r\n\r\nc", MovedError, "9 bytes are sent, and 3 were"),
    ],
)
def test_part_that_is_not_the_one_asked_for_is_told(
    part: bytes, kind: type[RepoError], says: str
) -> None:
    """Taken for the beginning, its bytes would go where others belong."""
    with answering(HEAD + b"Content-Length: 3\r\n\r\n", PART + part) as url, repo() as made:
        location = HttpLocation(url=url)
        with pytest.raises(RepoError, match=says) as caught:
            made.open(location, made.find(location), 2)
    assert type(caught.value) is kind
    assert not caught.value.permanent


def test_part_behind_the_end_is_of_another_object() -> None:
    """It has become shorter, whatever the server thinks of our condition."""
    beyond = b"HTTP/1.1 416 No\r\nConnection: close\r\nContent-Range: bytes */1\r\n\r\n"
    with answering(HEAD + b"Content-Length: 3\r\n\r\n", beyond) as url, repo() as made:
        location = HttpLocation(url=url)
        with pytest.raises(MovedError, match="changed"):
            made.open(location, made.find(location), 2)


def test_part_of_a_whole_of_unknown_length_goes_on_without_an_etag() -> None:
    """Its end tells as much."""
    dated = b"Last-Modified: Tue, 24 Nov 2026 13:00:00 GMT\r\nConnection: close\r\n"
    dated += b"Date: Tue, 24 Nov 2026 13:01:00 GMT\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + dated + b"\r\n"
    part = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: bytes 2-2/*\r\n"
    with answering(head, part + dated + b"\r\nc") as url, repo() as made:
        assert read(made, HttpLocation(url=url), 2) == b"c"


def test_body_without_any_length_is_refused() -> None:
    """A cut could not be told from the end."""
    with answering(HEAD + b"\r\n", HEAD + b"\r\nabc") as url, repo() as made:
        location = HttpLocation(url=url)
        with pytest.raises(RepoError, match="no length"):
            made.open(location, made.find(location))


def test_stalled_body_counts_as_cut() -> None:
    """After ``stallTimeout``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                connection.recv(65536)
                connection.sendall(HEAD + b"Content-Length: 10\r\n\r\nabc")
                done.wait(0 if not asked else 30)
                connection.close()
                asked.append(1)

        asked: list[int] = []
        thread = threading.Thread(target=serve)
        thread.start()
        with repo(stall_timeout=Duration.of(0.3)) as made:
            location = HttpLocation(url=f"http://127.0.0.1:{listener.getsockname()[1]}/a")
            body = made.open(location, made.find(location))
            with pytest.raises(RepoError, match="stalled after 3 of 10 bytes"):
                drain(body)
            body.close()
        done.set()
        thread.join()


@pytest.mark.parametrize("headers", [{}, {"ETag": '""'}, {"ETag": 'W/""'}])
def test_server_that_tells_no_token_is_refused(
    httpserver: HTTPServer, headers: dict[str, str]
) -> None:
    """A change could not be seen."""
    httpserver.expect_request("/x").respond_with_data("abc", headers=headers)
    error = fault(httpserver.url_for("/x"))
    assert error.permanent
    assert "neither ETag nor Last-Modified" in str(error)


@pytest.mark.parametrize(
    ("url", "permanent"),
    [
        ("http://<my-server>/x", False),
        ("http://", True),
        ("ftp://x/y", True),
        ("http://[::1/x", True),
        ("http://x:port/y", True),
    ],
)
def test_odd_url_is_told_when_it_is_used(url: str, *, permanent: bool) -> None:
    """Never before: an old configuration may hold one. A name may yet be given an address."""
    assert fault(url).permanent is permanent


@pytest.mark.parametrize("value", ["a: hush\nb: hush", "\N{EURO SIGN}: hush"])
def test_header_that_cannot_be_sent_is_not_quoted(value: str) -> None:
    """Nor is the end of it."""
    with repo(headers=Strings({"X-Key": value})) as made, pytest.raises(RepoError) as caught:
        made.find(HttpLocation(url="http://127.0.0.1:1/x"))
    assert "hush" not in str(caught.value)
    assert "write headers without line ends" in str(caught.value)


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # urllib3 drops it
def test_lengths_that_differ_are_the_answers_fault() -> None:
    """Not that of a header of ours, which nothing is wrong with."""
    with answering(HEAD + b"Content-Length: 3, 4\r\n\r\n") as url:
        error = fault(url)
    assert str(error).startswith(f"HEAD {url}: the answer makes no sense: ")
    assert "(3, 4)" in str(error)
    assert not error.permanent
    del error
    gc.collect()  # now, where it may be ignored


@pytest.mark.parametrize(
    ("answer", "says"),
    [(b"SSH-2.0-x\r\n", "SSH-2.0-x"), (b"HTTP/1.1 x\r\n\r\n", "HTTP/1.1 x"), (b"y" * 900, "y" * 200 + "…")],
    ids=["ssh", "status", "endless"],
)  # fmt: skip
def test_answer_that_is_no_http_is_told_in_one_line(answer: bytes, says: str) -> None:
    """A log has one line for it."""
    with answering(answer) as url:
        error = fault(url)
    assert str(error) == f"HEAD {url}: the answer is no HTTP: {says}"
    assert not error.permanent


def test_relative_url_needs_a_base() -> None:
    """With what to add."""
    assert "add `url` to the repo" in str(fault("x/y"))


def test_key_without_certificate_is_refused() -> None:
    """When the repo is made."""
    with pytest.raises(ConfigError, match="clientKey without"):
        HttpRepo(HttpOptions(client_key="k.pem"))
