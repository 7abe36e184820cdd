"""Any web server: ``artifact "http" { url = "https://builds.example.com/api.tar.gz" }``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from dropship.core.option import option
from dropship.core.values import Secret, Strings, Token
from dropship.errors import ConfigError, MovedError, RepoError
from dropship.net import lengths
from dropship.net import url as urls
from dropship.net.http import Http, Identity, NetError
from dropship.net.lengths import LengthError, Part
from dropship.repos import Body, Found
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced

if TYPE_CHECKING:
    import requests

_NO_HEAD: Final = frozenset({405, 501})
_LATER: Final = frozenset({408, 423, 425, 429})

_CURES: Final = {
    401: "check user and password or bearer of the repo",
    403: "check the credentials of the repo and what they may read",
    404: "check the artifact's path or url",
    407: "check the proxy's credentials in the environment",
    410: "check the artifact's path or url",
}


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


class HttpRepo:
    """Files by URL, known by their ETag, or by Last-Modified and length."""

    Options = HttpOptions
    Location = HttpLocation

    def __init__(self, options: HttpOptions) -> None:
        if options.client_key and not options.client_cert:
            raise ConfigError("the http repo has a clientKey without a clientCert")
        self._base = options.url
        self._stall = options.stall_timeout.seconds
        self._rate = options.max_rate
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
        """Ask for the headers of the artifact.

        Raises:
            RepoError: There was no good answer, or one that cannot tell whether it changed.
        """
        url = self._url(location)
        response = self._ask("HEAD", url, {})
        if response.status_code in _NO_HEAD:
            response.close()
            response = self._ask("GET", url, {})
        try:
            _good(response, url)
            return _found(response, url)
        finally:
            _done(response)

    def open(self, location: HttpLocation, found: Found, offset: int = 0) -> Body:
        """Ask for the bytes of the artifact that ``find`` saw.

        Raises:
            MovedError: It is another by now.
            RepoError: There was no good answer.
        """
        url = self._url(location)
        response = self._ask("GET", url, _conditions(found, offset), read=self._stall)
        try:
            # What begins behind its end (416) is not as long as it was.
            if response.status_code == 412 or (response.status_code == 416 and offset):
                raise MovedError(f"{found.source} changed since it was looked at")
            _good(response, url)
            return paced(_body(self._http, response, url, found, offset), self._rate)
        except BaseException:
            response.close()
            raise

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


def _done(response: requests.Response) -> None:
    """Give back the connection: an answer to HEAD has no body, anything else is cut off."""
    if response.request.method == "HEAD":
        response.raw.drain_conn()
    response.close()


def _good(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status in {200, 206}:
        return
    permanent = status < 500 and status not in _LATER
    raise RepoError(
        f"{urls.shown(url)}: {status} {response.reason}",
        cure=_cure(response, status),
        permanent=permanent,
    )


def _cure(response: requests.Response, status: int) -> str:
    cure = _CURES.get(status, "")
    asked = response.request.url or ""
    sent = "Authorization" in response.request.headers
    if status in {401, 403} and not sent and response.request.method:
        return f"{cure} (none were sent to {urls.shown(asked)})"
    return cure


def _found(response: requests.Response, url: str) -> Found:
    headers = response.headers
    token = _token(response, url)
    if not token:
        raise RepoError(
            f"{urls.shown(url)}: the server tells neither ETag nor Last-Modified with a length, so a change could not be seen",
            cure="let it send one of them",
            permanent=True,
        )
    return Found(
        token=token,
        source=urls.shown(url),
        name=unquote(PurePosixPath(urlsplit(url).path).name),
        size=_length(response, url),
        content_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        ref=headers.get("Last-Modified", ""),
    )


def _token(response: requests.Response, url: str) -> Token:
    etag = response.headers.get("ETag", "").strip()
    if etag.removeprefix("W/") not in {"", '""'}:
        return Token(etag)
    modified, length = response.headers.get("Last-Modified"), _total(response, url)
    return Token(f"{modified} {length}" if modified and length is not None else "")


def _length(response: requests.Response, url: str) -> int | None:
    with _sense(url):
        return lengths.length(response.headers.get("Content-Length"))


def _part(response: requests.Response, url: str) -> Part:
    """The part that was sent; a server without ranges sends all of it."""
    if response.status_code != 206:
        return lengths.WHOLE
    with _sense(url):
        return lengths.part(response.headers.get("Content-Range"))


def _total(response: requests.Response, url: str) -> int | None:
    """The length of the whole artifact, also where the answer is a part of it."""
    part, length = _part(response, url), _length(response, url)
    if part.total is not None or length is None:
        return part.total
    return part.begins + length


@contextmanager
def _sense(url: str) -> Iterator[None]:
    """Numbers of an answer; those that make no sense may be better the next time.

    Raises:
        RepoError: They make none.
    """
    try:
        yield
    except LengthError as error:
        raise RepoError(f"{urls.shown(url)}: the server {error}") from error


def _conditions(found: Found, offset: int) -> dict[str, str]:
    """Ask for this very artifact. A weak ETag cannot be compared by the server, only by us."""
    etag = found.token if found.token.startswith('"') else ""
    headers = {}
    if etag:
        headers["If-Match"] = etag
    elif found.ref and not found.token.startswith("W/"):
        headers["If-Unmodified-Since"] = found.ref
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if etag:
            headers["If-Range"] = etag
    return headers


def _body(http: Http, response: requests.Response, url: str, found: Found, offset: int) -> Body:
    part, length = _part(response, url), _length(response, url)
    if _token(response, url) != found.token:
        raise MovedError(f"{found.source} changed since it was looked at")
    if part.begins > offset:
        raise RepoError(f"{urls.shown(url)}: the server sent another part than asked for")
    if found.size is not None:
        sent = length if response.status_code == 200 else part.total
        if sent not in {None, found.size}:
            raise MovedError(
                f"{found.source}: {sent} bytes are sent, and {found.size} were announced"
            )
        length = found.size - part.begins
    if length is None and "chunked" not in response.headers.get("Transfer-Encoding", ""):
        raise RepoError(
            f"{urls.shown(url)}: the server tells no length, so a cut download could not be told",
            cure="let it send Content-Length",
            permanent=True,
        )
    return http.body(response, source=found.source, length=length, skip=offset - part.begins)
