"""What an answer of a web server says of an artifact: what it is, how long, which part of it.

An answer is only taken where a change could be seen and a cut could be told. Nothing here asks.
"""

from __future__ import annotations

import re
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from dropship.core.checksum import Algorithm
from dropship.core.values import Token
from dropship.errors import MissingError, MovedError, RepoError
from dropship.net import dates, lengths
from dropship.net import url as urls
from dropship.net.http import Http
from dropship.net.lengths import LengthError, Part
from dropship.net.retry_after import wait_of
from dropship.repos import Body, Found
from dropship.repos.http_promises import promises
from dropship.repos.sent import left

if TYPE_CHECKING:
    import requests

_MISSING: Final = frozenset({404, 410})
_LATER: Final = frozenset({408, 423, 425, 429})

_CURES: Final = {
    400: "check the artifact's path or url",
    401: "check user and password or bearer of the repo",
    403: "check the credentials of the repo and what they may read",
    404: "check the artifact's path or url",
    407: "check the proxy's credentials in the environment",
    410: "check the artifact's path or url",
}
# What servers write under a plain "400 Bad Request".
_SAID: Final = (
    (
        re.compile(r"[^<>\r\n]*SSL certificate[^<>\r\n]*"),
        "name a clientCert (and its clientKey) in the repo that the server trusts",
    ),
    (re.compile(r"[^<>\r\n]*plain HTTP request[^<>\r\n]*HTTPS[^<>\r\n]*"), "write https://"),
)
_READ_OF_A_REFUSAL: Final = 4096
_DRAINED: Final = 4096
# RFC 9110, 8.8.2.2: a date is a strong validator if what it dates was not changed twice in its
# second, to be told by an answer given well after it; a minute forgives clocks that differ.
_STRONG_SECONDS: Final = 60.0
_STORED_PACKED: Final = frozenset({"gzip", "x-gzip"})
_PACKED_NAMES: Final = (".gz", ".tgz")


def done(response: requests.Response) -> None:
    """Give back the connection; what has a body of any length is cut off instead."""
    told = response.headers.get("Content-Length", "")
    bare = response.request.method == "HEAD" or response.status_code == 304
    if bare or (told.isascii() and told.isdigit() and int(told[:9]) <= _DRAINED):
        response.raw.drain_conn()
    response.close()


def good(http: Http, response: requests.Response, url: str) -> None:
    """See that it is one that brings what was asked for.

    Raises:
        MissingError: There is no such thing.
        RepoError: It is not.
    """
    status = response.status_code
    if status in {200, 206}:
        return
    if status in _MISSING:
        raise MissingError(
            f"{urls.shown(url)}: {status} {response.reason}", cure=_cure(response, status)
        )
    said, cure = _said(http, response, url) if status == 400 else ("", "")
    raise RepoError(
        f"{urls.shown(url)}: {status} {response.reason}{': ' if said else ''}{said}",
        cure=cure or _cure(response, status),
        permanent=status < 500 and status not in _LATER,
        wait=wait_of(status, response.headers, time.time()),
    )


def _said(http: Http, response: requests.Response, url: str) -> tuple[str, str]:
    """What a server writes of what it misses, and the cure, where it is known."""
    buffer = memoryview(bytearray(_READ_OF_A_REFUSAL))
    try:
        count = http.body(response, source=url, length=None).readinto(buffer)
    except RepoError:
        return "", ""
    text = bytes(buffer[:count]).decode("latin-1")
    for pattern, cure in _SAID:
        # The title of nginx's page says it together with the status, the heading does not.
        if match := list(pattern.finditer(text)):
            return match[-1].group().strip(), cure
    return "", ""


def _cure(response: requests.Response, status: int) -> str:
    cure = _CURES.get(status, "")
    asked = response.request.url or ""
    sent = "Authorization" in response.request.headers
    if status in {401, 403} and not sent and response.request.method:
        return f"{cure} (none were sent to {urls.shown(asked)})"
    return cure


def tells_enough(response: requests.Response) -> bool:
    """Whether an answer to HEAD is all that one to GET could be.

    What is only known once the content is made may be left out of it (RFC 9110, 9.3.2).
    """
    headers = response.headers
    known = "ETag" in headers or "Last-Modified" in headers
    return response.status_code != 200 or (known and "Content-Length" in headers)


def found_of(response: requests.Response, url: str, computable: Container[Algorithm]) -> Found:
    """What a good answer says of the artifact; of its promises, the ``computable`` ones.

    ``ref`` is its date, where that is a strong validator, else empty.

    Raises:
        RepoError: It cannot tell whether the artifact changed, or is not what is stored.
    """
    headers = response.headers
    token = _token(response, url)
    if not token:
        raise RepoError(
            f"{urls.shown(url)}: the server tells neither ETag nor Last-Modified with a length, so a change could not be seen",
            cure="let it send one of them",
            permanent=True,
        )
    name = unquote(PurePosixPath(urlsplit(url).path).name)
    _as_stored(response, url, name)
    promised = promises(
        headers,
        computable,
        whole=response.status_code == 200,
        sent=response.request.method != "HEAD",
    )
    return Found(
        token=token,
        source=urls.shown(url),
        name=name,
        size=_total(response, url),
        content_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        md5=promised.md5,
        sha256=promised.sha256,
        checksums=promised.checksums,
        ref=_strong_date(response),
    )


def _as_stored(response: requests.Response, url: str, name: str) -> None:
    """See that the bytes are the artifact, and not some other form of it.

    Servers call a stored tar.gz "encoded" too; that of one who packs on the way has a weak ETag.
    """
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return
    weak = response.headers.get("ETag", "").strip().startswith("W/")
    if coding in _STORED_PACKED and (name.lower().endswith(_PACKED_NAMES) or not weak):
        return
    raise RepoError(
        f"{urls.shown(url)}: the server packs what it sends ({coding}), although asked for it as it is",
        cure="let it send this path without Content-Encoding",
        permanent=True,
    )


def _token(response: requests.Response, url: str) -> Token:
    etag = response.headers.get("ETag", "").strip()
    if etag.removeprefix("W/") not in {"", '""'}:
        return Token(etag)
    modified, total = response.headers.get("Last-Modified"), _total(response, url)
    return Token(f"{modified} {total}" if modified and total is not None else "")


def _strong_date(response: requests.Response) -> str:
    text = response.headers.get("Last-Modified", "")
    modified, now = dates.seconds(text), dates.seconds(response.headers.get("Date", ""))
    strong = modified is not None and now is not None and now - modified >= _STRONG_SECONDS
    return text if strong else ""


def length(response: requests.Response, url: str) -> int | None:
    """How many bytes are sent, where that is told.

    Raises:
        RepoError: It is told in a way that makes no sense.
    """
    with _sense(url):
        return lengths.length(response.headers.get("Content-Length"))


def _part(response: requests.Response, url: str) -> Part:
    """The part that was sent; a server without ranges sends all of it."""
    if response.status_code != 206:
        return lengths.WHOLE
    with _sense(url):
        return lengths.part(response.headers.get("Content-Range"))


def _total(response: requests.Response, url: str) -> int | None:
    """The length of the whole artifact, also where the answer is its end or a part of it."""
    part, sent = _part(response, url), length(response, url)
    if part.total is not None or sent is None:
        return part.total
    return part.begins + sent


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


def news(found: Found) -> dict[str, str]:
    """Headers that ask for the artifact only if it is not this one.

    Not by its date: servers answer 304 to whatever is not younger, and an older file that was put
    back would never be seen.
    """
    etag = found.token if found.token.endswith('"') else ""
    return {"If-None-Match": etag} if etag else {}


def this(found: Found, offset: int) -> dict[str, str]:
    """Headers that ask for this very artifact, from ``offset`` on.

    A weak ETag cannot be compared by the server, only by us, and says nothing of single bytes.

    Raises:
        MovedError: What came so far cannot be gone on with.
    """
    token = found.token
    etag = token if token.startswith('"') else ""
    weak, dated = token.startswith("W/"), " " in token and not etag
    validator = etag or ("" if weak else found.ref)
    # What is held against a promise in the end may be put together from anything.
    if offset and (weak or (dated and not validator)) and not found.promised:
        raise MovedError(
            f"{found.source}: the download was cut, and the server has "
            + ("a weak ETag only" if weak else "no ETag and only a date that is too young")
            + ", by which it could not be gone on with: it starts over"
        )
    headers = {}
    if etag:
        headers["If-Match"] = etag
    elif validator:
        headers["If-Unmodified-Since"] = validator
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    return headers


def body_of(http: Http, response: requests.Response, url: str, found: Found, offset: int) -> Body:
    """The bytes of an answer, from ``offset`` of the artifact on.

    Raises:
        MovedError: They are of another artifact.
        RepoError: They are not those that were asked for, or their end could not be told.
    """
    good(http, response, url)
    part, sent = _part(response, url), length(response, url)
    if _token(response, url) != found.token:
        raise MovedError(f"{found.source} changed since it was looked at")
    _as_stored(response, url, found.name)
    to_come = left(found, part, sent, offset)
    if found.size is None:
        to_come = sent
    if to_come is None and "chunked" not in response.headers.get("Transfer-Encoding", ""):
        raise RepoError(
            f"{urls.shown(url)}: the server tells no length, so a cut download could not be told",
            cure="let it send Content-Length",
            permanent=True,
        )
    return http.body(response, source=found.source, length=to_come, skip=offset - part.begins)
