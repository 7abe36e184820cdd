"""Index pages: what of them are names in a folder."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core.values import Secret
from dropship.core.version import Constraint
from dropship.errors import MissingError, RepoError
from dropship.repos import http_index as index
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from dropship.repos.source import Source
from tests.contracts.shelves import drain
from tests.servers.nginx import PASSWORD, USER, Nginx

PAGE = "http://h:81/builds/a%20b/"
NAMES = ["api-1.0.tgz", "api-1.1 é+%.tgz", "old/"]

NGINX = """<html><head><title>Index of /builds/a b/</title></head><body><h1>Index</h1><hr><pre>
<a href="../">../</a>
<a href="old/">old/</a>                      28-Nov-2026 10:00      -
<a href="api-1.0.tgz">api-1.0.tgz</a>        28-Nov-2026 10:00    123
<a href="api-1.1%20%C3%A9+%25.tgz">api-1.1 é+%.tgz</a> 28-Nov-2026 10:00  5
</pre><hr></body></html>"""
APACHE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN"><html><body><table>
<tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><a href="/builds/">Parent Directory</a></td></tr>
<tr><td><a href="api-1.0.tgz"><img src="/icons/compressed.gif"></a></td>
<td><a href="api-1.0.tgz">api-1.0.tgz</a></td></tr>
<tr><td><a href="api-1.1%20%c3%a9%2b%25.tgz">api-1.1 ..&gt;</a></td></tr>
<tr><td><a href="old/">old/</a></td></tr></table>
<address>Apache/2.4 (<a href="https://httpd.apache.org/">Debian</a>)</address></body></html>"""
ARTIFACTORY = """<html><body><pre><a href="../">../</a>
<a href="http://h:81/builds/a%20b/api-1.0.tgz">api-1.0.tgz</a>
<A HREF='/builds/a b/api-1.1%20é+%25.tgz'>x</A>
<a href="./old/" class="folder">old/</a><a name="top">Top</a><a href>none</a>
<a href="http://h:82/builds/a%20b/other.tgz">elsewhere</a> <a href="https://h:81/builds/a%20b/tls.tgz">x</a>
<a href="mailto:me@h">me</a> <a href="javascript:void(0)">x</a> <a href="http://[bad/">x</a>
<a href="old/deep.tgz">deep</a> <a href="..%2fout.tgz">out</a> <a href="/builds/a%20b">itself</a>
<a href="api-2.tgz?download=1">asks</a> <a href="line%0Aend.tgz">x</a> <a href="%ff.tgz">no text</a>
<a href="%2e%2e/">up</a></pre></body></html>"""
LIGHTTPD = """<?xml version="1.0" encoding="utf-8"?><html><body><table summary="Directory Listing">
<tr class="d"><td class="n"><a href="../">..</a>/</td></tr>
<tr class="d"><td class="n"><a href="old/">old</a>/</td></tr>
<tr><td class="n"><a href="api-1.0.tgz">api-1.0.tgz</a></td></tr>
<tr><td class="n"><a href="api-1.1%20%C3%A9%2B%25.tgz">x</a></td></tr></table></body></html>"""
NGINX_JSON = """[{"name":"old","type":"directory","mtime":"Sat, 28 Nov 2026 10:00:00 GMT"},
{"name":"api-1.0.tgz","type":"file","size":3},{"name":"api-1.1 é+%.tgz","type":"file","size":5}]"""
CADDY_JSON = """[{"name":"api-1.0.tgz","size":3,"url":"./api-1.0.tgz","is_dir":false},{"name":"../up"},
{"name":"api-1.1 \\u00e9+%.tgz","is_dir":false},{"name":"old/","size":0,"url":"./old/","is_dir":true}]"""


def read(text: str, kind: str = "text/html; charset=utf-8") -> list[str]:
    """The names in a page that comes a few bytes at a time."""
    data = text.encode()
    pieces = (data[at : at + 7] for at in range(0, len(data), 7))
    return list(index.children(PAGE, kind, pieces))


@pytest.mark.parametrize(
    "text", [NGINX, APACHE, ARTIFACTORY, LIGHTTPD], ids=["nginx", "apache", "artifactory", "lighttpd"]
)  # fmt: skip
def test_page_gives_the_names_in_its_own_folder(text: str) -> None:
    """However they are linked; nothing above, below or elsewhere."""
    assert sorted(read(text)) == NAMES


@pytest.mark.parametrize("text", [NGINX_JSON, CADDY_JSON], ids=["nginx", "caddy"])
def test_json_gives_the_names_too(text: str) -> None:
    """Folders with a slash, whatever they are called there."""
    assert sorted(read(text, "application/json")) == NAMES


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"size":1}]', "nonsense", "[" * 100_000])
def test_json_that_is_no_index_is_told(text: str) -> None:
    """Not taken for an empty folder."""
    with pytest.raises(ValueError, match=r"\S"):
        read(text, "application/json")


@pytest.mark.parametrize("piece", ["<a x=y ", "<a href=a ", "<!-- "])
def test_page_that_only_begins_things_is_given_up(piece: str) -> None:
    """It would be looked at again and again."""
    kind = "text/html"
    endless = (piece.encode() * 10_000 for _ in range(400))
    unending = ("<a " + piece).encode()
    with pytest.raises(ValueError, match="does not end"):
        list(index.children(PAGE, kind, itertools.chain([unending], endless)))


@given(st.text(), st.sampled_from(["", "<a href='", "<a href='/builds/a b/", "<!--"]))
def test_any_page_gives_names_of_one_level(text: str, before: str) -> None:
    """Or none; never an error, and nothing that leads out."""
    for name in read(before + text):
        bare = name.removesuffix("/")
        assert bare not in {"", ".", ".."}
        assert "/" not in bare


@contextmanager
def repo(**keys: Any) -> Iterator[HttpRepo]:
    """A repo with these keys."""
    made = HttpRepo(HttpOptions(**keys))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def folder(nginx: Nginx, request: pytest.FixtureRequest) -> str:
    """The name of a folder of nginx that has the names in it, and others."""
    name = f"{request.node.name[:40]} {abs(hash(request.node.nodeid))}"
    made = nginx.www / name
    (made / "old").mkdir(parents=True)
    for one in (*NAMES[:2], "web-1.0.tgz"):
        (made / one).touch()
    return name


@pytest.mark.parametrize("below", ["/list", "/list-json", "/to-list"])
def test_names_are_those_of_the_folder_as_a_path_has_them(
    nginx: Nginx, folder: str, below: str
) -> None:
    """Each leads to its file; of those that were not asked for, none comes."""
    with repo(url=f"{nginx.url}{below}") as made:
        names = sorted(made.names(HttpLocation(path="any"), f"{folder}/", "api-"))
        assert names == ["api-1.0.tgz", "api-1.1 é+%25.tgz"]
        for name in names:
            assert made.find(HttpLocation(path=f"{folder}/{name}")).size == 0
        assert "old/" in list(made.names(HttpLocation(path="any"), f"{folder}/", ""))
    with repo(url=f"{nginx.url}{below}/{folder.replace(' ', '%20')}") as made:
        assert sorted(made.names(HttpLocation(path="any"), "", "api-")) == names


def test_names_are_those_of_the_folder_as_a_url_has_them(nginx: Nginx, folder: str) -> None:
    """With the credentials in it, and the query of the artifact's own URL."""
    base = f"{nginx.url}/list/{folder.replace(' ', '%20')}/"
    location = HttpLocation(url=f"{base}api-9.tgz?sig=1")
    with repo() as made:
        names = sorted(made.names(location, base, "api-1.1%20"))
        assert names == ["api-1.1%20%C3%A9+%25.tgz"]
        found = made.find(HttpLocation(url=f"{base}{names[0]}?sig=1"))
        assert (found.name, found.source) == (NAMES[1], f"{base}{names[0]}?…")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("{folder}/api-{{version}}.tgz", ""),
        ("", "{base}/{folder}/api-{{version}}.tgz"),
        ("", "{base}/{folder}/api-{{version}}.tgz?sig=1"),
        ("", "{base}/{folder}/api-{{version}}.tgz?sig=1#top"),
    ],
)
def test_newest_version_of_a_folder_is_the_artifact(nginx: Nginx, path: str, url: str) -> None:
    """By an index page; a signature belongs to no name."""
    folder = f"versions-{abs(hash(path + url))}"
    (nginx.www / folder).mkdir()
    for version in ("1.9", "1.10", "2.0"):
        (nginx.www / folder / f"api-{version}.tgz").write_text(version)
    base = f"{nginx.url}/list"
    keys = {"path": path, "url": url}
    filled = {name: text.format(folder=folder, base=base) for name, text in keys.items()}
    with repo(url=base) as made:
        source = Source(made, HttpLocation(**filled), Constraint(text="1.*"))
        assert source.versions() == ["2.0", "1.10", "1.9"]
        found = source.find()
        assert found.version == "1.10"
        assert found.source == f"{base}/{folder}/api-1.10.tgz{'?…' if '?' in url else ''}"
        assert drain(source.open(found)) == b"1.10"
        with pytest.raises(MissingError, match=r"api-3\.tgz.*404"):
            source.find("3")


@pytest.mark.parametrize("part", ["my%20api-{version}.tgz", "my%20api-{version}/%61.tgz"])
def test_version_may_have_characters_that_a_url_escapes(nginx: Nginx, part: str) -> None:
    """It is called as people call it, and found, pinned and read in its place."""
    base = f"escapes-{abs(hash(part))}"
    for version in ("9 é%", "10 é%"):
        made = nginx.www / base / unquote(part).format(version=version)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(version)
    with repo() as store:
        location = HttpLocation(url=f"{nginx.url}/list/{base}/{part}")
        source = Source(store, location, Constraint("natural"))
        assert source.versions() == ["10 é%", "9 é%"]
        assert drain(source.open(source.find())) == "10 é%".encode()
        assert source.find("9 é%").version == "9 é%"


@pytest.mark.parametrize("wanted", ["", "> 2"])
def test_login_in_the_url_of_versions_is_not_told(nginx: Nginx, wanted: str) -> None:
    """Who reads why there is none need not know it."""
    (nginx.www / "told").mkdir(exist_ok=True)
    (nginx.www / "told" / "api-1.tgz").touch()
    base = nginx.url.replace("://", "://deploy:hunter2@")
    name = "api" if wanted else "web"
    location = HttpLocation(url=f"{base}/list/told/{name}-{{version}}.tgz?sig=hunter3")
    with repo() as store, pytest.raises(MissingError) as caught:
        Source(store, location, Constraint(text=wanted)).find()
    assert f"{nginx.url}/list/told/{name}-{{version}}.tgz" in str(caught.value)
    assert "hunter" not in str(caught.value)


def test_index_page_is_asked_for_with_the_query_of_the_artifact(httpserver: HTTPServer) -> None:
    """It may be what lets us read there."""
    page = "<a href=api-1.tgz>x</a>"
    httpserver.expect_request("/f/", query_string="sig=1").respond_with_data(
        page, content_type="text/html"
    )
    with repo() as made:
        location = HttpLocation(url=httpserver.url_for("/f/api-{version}.tgz?sig=1"))
        assert list(made.names(location, httpserver.url_for("/f/"), "api-")) == ["api-1.tgz"]


@pytest.mark.parametrize(
    ("below", "says"),
    [("", "403 Forbidden"), ("/identity", "what comes is")],
)
def test_server_without_an_index_page_is_told_to_make_one(
    nginx: Nginx, folder: str, below: str, says: str
) -> None:
    """Permanent: it will not begin to by itself."""
    with repo(url=nginx.url + (below or f"/{folder}")) as made, pytest.raises(RepoError) as caught:
        list(made.names(HttpLocation(path="x"), "", ""))
    assert "lists nothing" in str(caught.value)
    assert says in str(caught.value)
    assert "`version` needs an index page" in str(caught.value)
    assert caught.value.permanent


def test_page_that_needs_a_password_says_so(nginx: Nginx) -> None:
    """As an artifact does; with it, it is only the index that is missing."""
    login = {"user": USER, "password": Secret(PASSWORD)}
    for keys, says in (({}, "401 Unauthorized; check user"), (login, "lists nothing: 403")):
        with repo(url=f"{nginx.url}/private", **keys) as made, pytest.raises(RepoError, match=says):
            list(made.names(HttpLocation(path="x"), "", ""))


def test_relative_url_without_a_base_is_in_no_folder() -> None:
    """With what to add."""
    with repo() as made, pytest.raises(RepoError, match="in no folder; add `url`"):
        list(made.names(HttpLocation(path="x"), "", ""))


def test_python_serves_an_index_too(tmp_path: Path) -> None:
    """The web server that everybody has."""
    for one in NAMES[:2]:
        (tmp_path / one).touch()
    (tmp_path / "old").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with repo(url=f"http://127.0.0.1:{server.server_port}") as made:
                names = sorted(made.names(HttpLocation(path="x"), "", ""))
        finally:
            server.shutdown()
            thread.join()
    assert names == [name.replace("%", "%25") for name in NAMES]


def test_page_that_did_not_change_is_not_sent_again(httpserver: HTTPServer) -> None:
    """It is long, and asked for at each check."""
    asked: list[str] = []

    def serve(request: Request) -> Response:
        asked.append(request.headers.get("If-None-Match", ""))
        etag = f'"{len(asked) // 3}"'
        if asked[-1] == etag:
            return Response("", 304)
        text = f"<a href=api-{len(asked)}.tgz>x</a> <a href=web>x</a>"
        return Response(text, headers={"ETag": etag, "Content-Type": "text/html"})

    httpserver.expect_request("/f/").respond_with_handler(serve)
    with repo(url=httpserver.url_for("/f")) as made:
        seen = [list(made.names(HttpLocation(path="x"), "", "api")) for _ in range(3)]
    assert seen == [["api-1.tgz"], ["api-1.tgz"], ["api-3.tgz"]]
    assert asked == ["", '"0"', '"0"']


def test_endless_page_is_given_up(httpserver: HTTPServer) -> None:
    """It neither fills memory nor takes for ever."""
    line = b"<a href=web.tgz>x</a>" + b" " * 60_000

    def serve(_: Request) -> Response:
        return Response((line for _ in range(300)), content_type="text/html")

    httpserver.expect_request("/f/").respond_with_handler(serve)
    with repo(url=httpserver.url_for("/f")) as made, pytest.raises(RepoError) as caught:
        list(made.names(HttpLocation(path="x"), "", "api"))
    assert "longer than 16" in str(caught.value)
    assert caught.value.permanent


def test_page_that_is_cut_is_no_page(httpserver: HTTPServer) -> None:
    """The newest version may stand in what is missing."""

    def serve(_: Request) -> Response:
        made = Response("<a href=api-1>x</a>", content_type="text/html")
        made.headers["Content-Length"] = "900"
        return made

    httpserver.expect_request("/f/").respond_with_handler(serve)
    short = pytest.raises(RepoError, match="after 19 of 900")
    with repo(url=httpserver.url_for("/f")) as made, short as caught:
        list(made.names(HttpLocation(path="x"), "", "api"))
    assert not caught.value.permanent
