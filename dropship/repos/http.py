"""Any web server: ``artifact "http" { url = "https://builds.example.com/api.tar.gz" }``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import quote, unquote, urljoin

from dropship.core.option import option
from dropship.core.values import Secret, Size, Strings
from dropship.errors import ConfigError, MovedError, RepoError
from dropship.net import url as urls
from dropship.net.http import Http, Identity, NetError
from dropship.net.lines import in_a_line
from dropship.repos import Body, Found, http_promises
from dropship.repos import http_answer as answers
from dropship.repos import http_index as index
from dropship.repos.address import at, parted
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced

if TYPE_CHECKING:
    import requests

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

# What says nothing of GET: HEAD is not known, or not allowed to whom a signed URL lets read.
_NO_HEAD: Final = frozenset({400, 403, 404, 405, 501})
_MOST_SEEN: Final = 64
_MOST_PAGES: Final = 4
_LONGEST_PAGE_BYTES: Final = 16 << 20
_LONGEST_PAGE_SECONDS: Final = 20.0
_PIECE_BYTES: Final = 64 << 10
_MOST_KEPT: Final = 64 << 10  # characters of the names of one page


@dataclass(frozen=True, slots=True)
class HttpOptions(StoreOptions):
    """Keys of an ``http`` repo."""

    url: str = option("", doc="Base URL that artifacts' paths are relative to.")
    user: str = option("", doc="For Basic authentication.")
    password: Secret = option(
        Secret(""), doc="For Basic authentication.", secret=True, needs="user"
    )
    bearer: Secret = option(Secret(""), doc="Token for Bearer authentication.", secret=True)
    headers: Strings = option(Strings(), doc="More headers of every request.", secret=True)
    ca_bundle: str = option(
        "", otherwise="the system's", doc="File of the certificate authorities to trust."
    )
    client_cert: str = option("", doc="File of a client certificate (PEM).")
    client_key: str = option(
        "", otherwise="in `clientCert`", doc="File of its key (PEM).", needs="clientCert"
    )


@dataclass(frozen=True, slots=True)
class HttpLocation:
    """Keys of an artifact in an ``http`` repo."""

    url: str = option(
        "",
        doc="The artifact's URL; a relative one is below the repo's `url`. This or `path` is needed.",
    )
    path: str = option("", doc="The artifact's path below the repo's `url`.")


class _Seen(NamedTuple):
    """What an artifact was, and how it was asked for. ``part``: by its first byte, for want of HEAD."""

    found: Found
    part: bool


class _Page(NamedTuple):
    """What stood in a folder, and the ETag of the page that said so."""

    etag: str
    names: tuple[str, ...]


class HttpRepo:
    """Files by URL, known by their ETag, or by Last-Modified and length."""

    Options = HttpOptions
    Location = HttpLocation

    def __init__(self, options: HttpOptions) -> None:
        if options.client_key and not options.client_cert:
            raise ConfigError("the http repo has a clientKey without a clientCert")
        self._computable = http_promises.known()
        self._base = options.url
        self._stall = options.stall_timeout.seconds
        self._rate = options.max_rate
        self._seen: dict[str, _Seen] = {}
        self._pages: dict[tuple[str, str], _Page] = {}
        self._http = Http(
            Identity(
                home=options.url,
                user=options.user,
                password=options.password,
                bearer=options.bearer,
                headers=options.headers,
                ca_bundle=options.ca_bundle,
                client_cert=options.client_cert,
                client_key=options.client_key,
            )
        )

    def find(self, location: HttpLocation) -> Found:
        """Ask for the headers of the artifact; of one that was seen before, only whether it changed.

        Raises:
            MissingError: There is no such artifact.
            RepoError: There was no good answer, or one that cannot tell whether it changed.
        """
        url = self._url(location)
        seen = self._seen.get(url)
        response = self._headers(url, seen)
        try:
            if response.status_code == 304 and seen is not None:
                return seen.found
            answers.good(self._http, response, url)
            found = answers.found_of(response, url, self._computable)
        finally:
            answers.done(response)
        _keep(self._seen, url, _Seen(found, part=response.request.method == "GET"), _MOST_SEEN)
        return found

    def open(self, location: HttpLocation, found: Found, offset: int = 0) -> Body:
        """Ask for the bytes of the artifact that ``find`` saw.

        Raises:
            MovedError: It is another by now, or one that cannot be gone on with at ``offset``.
            RepoError: There was no good answer.
        """
        url = self._url(location)
        response = self._ask("GET", url, answers.this(found, offset), read=self._stall)
        try:
            # What begins behind its end (416) is not as long as it was.
            if response.status_code == 412 or (response.status_code == 416 and offset):
                raise MovedError(f"{found.source} changed since it was looked at")
            return paced(answers.body_of(self._http, response, url, found, offset), self._rate)
        except BaseException:
            response.close()
            raise

    def names(self, location: HttpLocation, folder: str, begins: str) -> Iterator[str]:
        """What the index page of a folder links.

        Raises:
            RepoError: There was no good answer, or no index page.
        """
        url = self._folder(location, folder)
        known = self._pages.get((url, begins))
        response = self._ask("GET", url, _for_page(known))
        try:
            if response.status_code == 304 and known is not None:
                answers.done(response)
                yield from known.names
                return
            if response.status_code == 404:  # there is no such folder, and nothing in it
                return
            _listing(self._http, response, url)
            written = index.in_a_url if location.url else index.in_a_path
            wanted, kept, size = unquote(begins), [], 0
            for name in self._children(response, url):
                if name.startswith(wanted):
                    size += len(name)
                    if size <= _MOST_KEPT:
                        kept.append(written(name))
                    yield written(name)
        finally:
            response.close()
        etag = response.headers.get("ETag", "")
        if etag and size <= _MOST_KEPT:
            _keep(self._pages, (url, begins), _Page(etag, tuple(kept)), _MOST_PAGES)

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def _url(self, location: HttpLocation) -> str:
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", location.url):
            return location.url
        below = location.url or quote(location.path, safe="/%:@!$&'()*+,;=~")
        if not below:
            raise RepoError("the artifact has neither url nor path", cure="add one", permanent=True)
        if not self._base:
            raise RepoError(
                f"{below} is not a whole URL", cure="add `url` to the repo", permanent=True
            )
        return urljoin(self._base.rstrip("/") + "/", below.lstrip("/"))

    def _folder(self, location: HttpLocation, folder: str) -> str:
        if folder:
            more = parted(location)[1]  # a signature, say
            return self._url(at(location, folder + more))
        if not self._base:
            raise RepoError(
                "the artifact lies in no folder", cure="add `url` to the repo", permanent=True
            )
        return self._base.rstrip("/") + "/"

    def _headers(self, url: str, seen: _Seen | None) -> requests.Response:
        """The answer to HEAD, or where the server has none to the cheapest GET there is."""
        news = answers.news(seen.found) if seen else {}
        if not (seen and seen.part):
            response = self._ask("HEAD", url, news)
            if response.status_code not in _NO_HEAD:
                return response
            answers.done(response)
        response = self._ask("GET", url, {**news, "Range": "bytes=0-0"})
        if response.status_code == 416:  # what is empty has no first byte
            answers.done(response)
            response = self._ask("GET", url, news)
        return response

    def _children(self, response: requests.Response, url: str) -> Iterator[str]:
        kind = response.headers.get("Content-Type", "")
        page = urls.without_login(response.request.url or url)[0]
        try:
            yield from index.children(page, kind, self._pieces(response, url))
        except ValueError as error:
            raise RepoError(
                f"{urls.shown(url)} lists nothing: what comes is no index: {error}",
                cure="`version` needs an index page as nginx or Caddy write it",
                permanent=True,
            ) from error

    def _pieces(self, response: requests.Response, url: str) -> Iterator[bytes]:
        """The page, which must come to an end."""
        body = self._http.body(
            response, source=urls.shown(url), length=answers.length(response, url)
        )
        buffer = memoryview(bytearray(_PIECE_BYTES))
        left, over = _LONGEST_PAGE_BYTES, time.monotonic() + _LONGEST_PAGE_SECONDS
        while count := body.readinto(buffer):
            left -= count
            if left < 0:
                raise RepoError(
                    f"{urls.shown(url)}: the index page is longer than {Size(_LONGEST_PAGE_BYTES)}",
                    cure="put the versions into a folder of their own",
                    permanent=True,
                )
            if time.monotonic() > over:
                raise RepoError(
                    f"{urls.shown(url)}: the index page was not there within {_LONGEST_PAGE_SECONDS:g} s"
                )
            yield bytes(buffer[:count])

    def _ask(
        self, method: str, url: str, headers: dict[str, str], read: float | None = None
    ) -> requests.Response:
        try:
            if read is None:
                return self._http.request(method, url, headers=headers)
            return self._http.request(method, url, headers=headers, read=read)
        except NetError as error:
            raise RepoError(
                str(error.args[0]), cure=error.cure, permanent=error.permanent
            ) from error


def _for_page(known: _Page | None) -> dict[str, str]:
    return {"Accept": index.ACCEPT, **({"If-None-Match": known.etag} if known else {})}


def _listing(http: Http, response: requests.Response, url: str) -> None:
    """See that it is an index page.

    Raises:
        RepoError: It is not.
    """
    kind = response.headers.get("Content-Type", "")
    if response.status_code == 403:
        why = f"{response.status_code} {response.reason}"
    elif response.status_code == 200 and not index.readable(kind):
        why = f"what comes is {in_a_line(kind, 80)}" if kind else "what comes has no Content-Type"
    else:
        answers.good(http, response, url)
        return
    raise RepoError(
        f"{urls.shown(url)} lists nothing: {why}",
        cure="`version` needs an index page of the folder: let the server make one (nginx: `autoindex on`), or check the path and the credentials",
        permanent=True,
    )


def _keep(memo: dict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    """Remember; of more than ``most``, those that came last."""
    memo.pop(key, None)
    memo[key] = value
    if len(memo) > most:
        del memo[next(iter(memo))]
