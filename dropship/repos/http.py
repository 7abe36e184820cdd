"""Any web server: ``artifact "http" { url = "https://builds.example.com/api.tar.gz" }``.

What asks is imported when a repo is made, not with this module: `validate` needs only the keys.
That half is ``repos.http_client``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from dropship.core.option import option
from dropship.core.values import Secret, Strings
from dropship.errors import ConfigError, RepoError
from dropship.repos import Body, Found
from dropship.repos.address import at, parted
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced

if TYPE_CHECKING:
    from dropship.repos.http_client import Client


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
        from dropship.repos import http_client  # noqa: PLC0415 - see above

        self._base = options.url
        self._rate = options.max_rate
        self._client: Client = http_client.Client(options)

    def find(self, location: HttpLocation) -> Found:
        """Ask for the headers of the artifact; of one that was seen before, only whether it changed.

        Raises:
            MissingError: There is no such artifact.
            RepoError: There was no good answer, or one that cannot tell whether it changed.
        """
        return self._client.find(self._url(location))

    def open(self, location: HttpLocation, found: Found, offset: int = 0) -> Body:
        """Ask for the bytes of the artifact that ``find`` saw.

        Raises:
            MovedError: It is another by now, or one that cannot be gone on with at ``offset``.
            RepoError: There was no good answer.
        """
        return paced(self._client.open(self._url(location), found, offset), self._rate)

    def names(self, location: HttpLocation, folder: str, begins: str) -> Iterator[str]:
        """What the index page of a folder links.

        Raises:
            RepoError: There was no good answer, or no index page.
        """
        url = self._folder(location, folder)
        yield from self._client.names(url, begins, in_a_url=bool(location.url))

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

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
