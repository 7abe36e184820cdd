"""The half of the ``http`` repo that asks: the requests, and what is remembered of their answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import unquote

from dropship.core.values import Size
from dropship.errors import MovedError, RepoError
from dropship.net import url as urls
from dropship.net.http import Http, Identity, NetError
from dropship.net.lines import in_a_line
from dropship.repos import Body, Found, http_promises
from dropship.repos import http_answer as answers
from dropship.repos import http_index as index

if TYPE_CHECKING:
    import requests

    from dropship.repos.http import HttpOptions

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


class _Seen(NamedTuple):
    """What an artifact was, and how it was asked for. ``part``: by its first byte, for want of HEAD."""

    found: Found
    part: bool


class _Page(NamedTuple):
    """What stood in a folder, and the ETag of the page that said so."""

    etag: str
    names: tuple[str, ...]


class Client:
    """A session with a web server."""

    def __init__(self, options: HttpOptions) -> None:
        self._computable = http_promises.known()
        self._stall = options.stall_timeout.seconds
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

    def find(self, url: str) -> Found:
        """Ask for the headers of the artifact; of one that was seen before, only whether it changed.

        Raises:
            MissingError: There is no such artifact.
            RepoError: There was no good answer, or one that cannot tell whether it changed.
        """
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

    def open(self, url: str, found: Found, offset: int = 0) -> Body:
        """Ask for the bytes of the artifact that ``find`` saw.

        Raises:
            MovedError: It is another by now, or one that cannot be gone on with at ``offset``.
            RepoError: There was no good answer.
        """
        response = self._ask("GET", url, answers.this(found, offset), read=self._stall)
        try:
            # What begins behind its end (416) is not as long as it was.
            if response.status_code == 412 or (response.status_code == 416 and offset):
                raise MovedError(f"{found.source} changed since it was looked at")
            return answers.body_of(self._http, response, url, found, offset)
        except BaseException:
            response.close()
            raise

    def names(self, url: str, begins: str, *, in_a_url: bool) -> Iterator[str]:
        """What the index page of a folder links, as a URL has it or a path.

        Raises:
            RepoError: There was no good answer, or no index page.
        """
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
            written = index.in_a_url if in_a_url else index.in_a_path
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

    def _headers(self, url: str, seen: _Seen | None) -> requests.Response:
        """The answer to HEAD, or where that is none or tells too little to the cheapest GET there is."""
        news = answers.news(seen.found) if seen else {}
        if not (seen and seen.part):
            response = self._ask("HEAD", url, news)
            if response.status_code not in _NO_HEAD and answers.tells_enough(response):
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
