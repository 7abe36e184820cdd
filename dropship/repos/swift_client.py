"""The half of the Swift repo that asks: with a token that is kept, and errors in our words.

Built on ``net.http``, not on OpenStack's own client, which follows redirects with key and token to
whatever host they name. Nothing here is redirected at all.

A token is used until the store refuses it or its time is nearly over; then the auth service is
asked again, once, in the middle of whatever goes on. Each request may take its timeouts, and those
of a new token in front.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlencode

from dropship.core.checksum import Parts
from dropship.core.values import Secret, Token
from dropship.errors import RepoError
from dropship.net import url as urls
from dropship.net.body import HttpBody
from dropship.net.http import NOBODY, READ, Http, Identity, NetError
from dropship.repos import swift_auth, swift_parts
from dropship.repos.swift import SwiftOptions
from dropship.repos.swift_auth import Access
from dropship.repos.swift_errors import refused, unauthorized, unknown

if TYPE_CHECKING:
    import requests

_YES: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: 900150983cd24fb0d6963f7d28e17f72\r\n"
    b"Content-Type: application/gzip\r\nDate: Sun, 29 Nov 2026 00:00:00 GMT\r\n\r\nabc"
)
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_PAGE: Final = 1000  # entries of a listing; no store allows fewer
# A page of names of a kilobyte each, or a manifest with as many segments as Swift lets one have.
_MOST_BYTES: Final = 8 << 20
# Seconds for all of a manifest, a page or a list of segments: nobody listens while a store is asked,
# and one that is slow must not look like a worker that hangs.
_READING: Final = 20.0
_MOST_SEGMENTS: Final = 10_000
# Of a token's time, left unused: a download that begins in it goes on after it.
_LEFT: Final = 0.1


class Client:
    """Asks for containers and objects of one account."""

    def __init__(self, options: SwiftOptions, *, api_key: bool) -> None:
        self._login = swift_auth.login(options, api_key=api_key)
        self._http = Http(Identity(ca_bundle=options.ca_bundle))
        self._access: Access | None = None
        self._until = 0.0

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """Within this, the store is nobody's, and says yes to everything; ``close`` in between."""
        kept = self._access, self._until
        self._access, self._until = Access(NOBODY.rstrip("/"), Secret("nothing")), float("inf")
        try:
            with self._http.rehearsing(_YES):
                yield
        finally:
            self._access, self._until = kept

    def close(self) -> None:
        """Give back connections; the token stays."""
        self._http.close()

    # --- requests -------------------------------------------------------------------------------

    def ask(  # noqa: PLR0913 - one request, taken apart
        self,
        method: str,
        container: str,
        name: str = "",
        *,
        query: Mapping[str, str] = _NONE,
        headers: Mapping[str, str] = _NONE,
        read: float = READ,
    ) -> requests.Response:
        """Any answer but 401; its body is still to be read, or closed.

        Raises:
            RepoError: There was none, or no token that the store takes.
        """
        path = _path(container, name) + (f"?{urlencode(query)}" if query else "")
        fresh = self._stale()
        response = self._send(method, path, headers, read)
        if response.status_code == 401 and not fresh:
            response.close()
            self._access = None
            response = self._send(method, path, headers, read)
        if response.status_code == 401:
            response.close()
            raise unauthorized(urls.shown(self._authenticated().url))
        return response

    def has(self, container: str) -> bool:
        """Whether there is such a container, as far as it can be told."""
        response = self.ask("HEAD", container)
        self.done(response)
        return response.status_code != 404

    @staticmethod
    def done(response: requests.Response) -> None:
        """Give back the connection: an answer to HEAD has no body, anything else is cut off."""
        if response.request.method == "HEAD":
            response.raw.drain_conn()
        response.close()

    @staticmethod
    def refused(response: requests.Response, where: str) -> RepoError:
        """The error that an answer is."""
        return refused(response, where)

    def body(
        self, response: requests.Response, *, source: str, length: int | None, skip: int
    ) -> HttpBody:
        """The bytes of an answer, as ``net.body`` counts them."""
        return self._http.body(response, source=source, length=length, skip=skip)

    def listing(
        self, container: str, prefix: str, *, delimiter: str = ""
    ) -> Iterator[Mapping[str, Any]]:
        """Entries of a container whose names begin with ``prefix``, page by page.

        Raises:
            RepoError: It cannot be listed.
        """
        where = f"swift://{container}/{prefix}"
        query = {"format": "json", "limit": str(_PAGE), "prefix": prefix, "delimiter": delimiter}
        marker = ""
        while True:
            query["marker"] = marker
            response = self.ask("GET", container, query={k: v for k, v in query.items() if v})
            if response.status_code == 404:
                response.close()
                raise RepoError(
                    f"{where}: there is no such container",
                    cure="check the artifact's bucket",
                    permanent=True,
                )
            page = self._document(response, where)
            yield from page
            if len(page) < _PAGE:
                return
            last = str(page[-1].get("subdir") or page[-1].get("name") or "")
            if last <= marker:
                raise RepoError(f"{where}: the store lists the same again and again")
            marker = last

    def parts(
        self, container: str, name: str, segments: str, token: Token, total: int | None
    ) -> Parts | None:
        """What a large object is made of; None where that cannot be told.

        ``segments``: container and prefix of its segments, as its header has it; empty for one
        with a static manifest.

        Raises:
            RepoError: The store could not be asked just now.
        """
        try:
            entries = self._segments(segments) if segments else self._manifest(container, name)
        except RepoError as error:
            if not error.permanent:
                raise
            return None  # who may read an object need not be allowed to see what it is made of
        return swift_parts.joined(entries, token, total)

    def _manifest(self, container: str, name: str) -> list[Mapping[str, Any]]:
        query, where = (
            {"multipart-manifest": "get", "format": "json"},
            f"swift://{container}/{name}",
        )
        response = self.ask("GET", container, name, query=query)
        if "json" not in response.headers.get("Content-Type", "") and response.status_code == 200:
            response.close()
            raise RepoError(f"{where}: the store shows no manifest", permanent=True)
        return self._document(response, where)

    def _segments(self, header: str) -> list[Mapping[str, Any]]:
        container, _, prefix = header.lstrip("/").partition("/")
        found: list[Mapping[str, Any]] = []
        until = time.monotonic() + _READING
        for entry in self.listing(unquote(container), unquote(prefix)):
            if time.monotonic() > until:
                raise RepoError(f"swift://{header}: listing took longer than {_READING:g} s")
            found.append(entry)
            if len(found) > _MOST_SEGMENTS:
                raise RepoError(f"swift://{header}: too many segments", permanent=True)
        return found

    def _document(self, response: requests.Response, where: str) -> list[Mapping[str, Any]]:
        """The list of objects that an answer is."""
        if response.status_code == 204:
            response.close()
            return []
        if response.status_code != 200:
            response.close()
            raise refused(response, where)
        try:
            document = json.loads(self._read(response, where))
        except (ValueError, RecursionError) as error:
            raise RepoError(f"{where}: the store's answer is no JSON") from error
        if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
            raise RepoError(f"{where}: the store's answer is no list")
        return document

    def _read(self, response: requests.Response, where: str) -> bytes:
        """A short body, to its end."""
        body = self._http.body(response, source=where, length=None)
        data, buffer = bytearray(), memoryview(bytearray(64 << 10))
        until = time.monotonic() + _READING
        try:
            while count := body.readinto(buffer):
                data += buffer[:count]
                if len(data) > _MOST_BYTES:
                    raise RepoError(f"{where}: the answer is longer than {_MOST_BYTES} bytes")
                if time.monotonic() > until:
                    raise RepoError(f"{where}: the answer took longer than {_READING:g} s")
        finally:
            body.close()
        return bytes(data)

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], read: float
    ) -> requests.Response:
        access = self._authenticated()
        whole = {**headers, "X-Auth-Token": access.token.reveal()}
        return self._request(method, access.url + path, whole, None, read)

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, read: float
    ) -> requests.Response:
        try:
            return self._http.request(
                method, url, headers=headers, body=body, read=read, follow=False
            )
        except NetError as error:
            raise RepoError(
                str(error.args[0]), cure=error.cure, permanent=error.permanent
            ) from error

    # --- the token ------------------------------------------------------------------------------

    def _stale(self) -> bool:
        """There is no token, or none that will last."""
        return self._access is None or time.monotonic() > self._until

    def _authenticated(self) -> Access:
        if self._access is None or self._stale():
            self._access = self._authenticate()
            # A token that is over when it comes has a clock of theirs wrong; the store will tell.
            lifetime = self._access.lifetime or 0.0
            known = lifetime * (1 - _LEFT) if lifetime > 0 else float("inf")
            self._until = time.monotonic() + known
        return self._access

    def _authenticate(self) -> Access:
        asked = swift_auth.question(self._login)
        response = self._request(asked.method, asked.url, asked.headers, asked.body, READ)
        if response.status_code not in {200, 201, 203, 204}:
            response.close()
            raise unknown(response, self._login)
        body = self._read(response, self._login.shown)
        self._http.close()  # a connection nobody needs for hours, and what TLS keeps for it
        return swift_auth.access(self._login, response.headers, body)


def _path(container: str, name: str) -> str:
    """Below the account; a name may have anything in it, slashes in front too."""
    return f"/{quote(container, safe='')}" + (f"/{quote(name)}" if name else "")
