"""HTTP requests as this project makes them.

- Every request has timeouts: 5 s to connect, 10 s for each read.
- Bodies come as they are stored: ``Accept-Encoding: identity``, nothing is decoded.
- Redirects are followed here: https never to http, no credential to another origin, at most 5.
- TLS is verified, unless ``verified`` says otherwise, against ``caBundle``, else ``REQUESTS_CA_BUNDLE`` or ``SSL_CERT_FILE``,
  else the distribution's authorities, so that a private one installed there counts.
- ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` count, except for this host itself; ``.netrc``
  and cookies do not.

requests is imported when an ``Http`` is made, not with this module: it is large, and backends are
loaded for their options alone too. That half is ``net.session``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urljoin

from dropship.core.values import Secret, Strings
from dropship.errors import DropshipError
from dropship.net import url as urls

if TYPE_CHECKING:
    import requests

    from dropship.net.body import HttpBody
    from dropship.net.session import Session

CONNECT: Final = 5.0
"""Seconds to connect."""

READ: Final = 10.0
"""Seconds that a server may be silent."""

NOBODY: Final = "http://nobody.localhost/"
"""Where nobody is, and no proxy is asked for."""

_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AS_IS: Final = frozenset({307, 308})  # the redirects that keep a method other than GET
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class NetError(DropshipError):
    """A request got no answer.

    Attributes:
        permanent: Waiting alone will not mend it (an odd URL, a certificate nobody vouches for).
    """

    def __init__(self, message: str, *, cure: str = "", permanent: bool = False) -> None:
        super().__init__(message, cure=cure)
        self.permanent = permanent


class Identity(NamedTuple):
    """Who we are, and to whom: nothing of this goes to another origin than ``home``.

    Attributes:
        home: A URL of the origin it is for; empty: the origin of each request's first URL.
        user: For Basic authentication, with ``password``.
        bearer: A token for Bearer authentication.
        headers: More headers; they may be credentials, and are treated as such.
        ca_bundle: File of the certificate authorities to trust instead of the usual ones.
        client_cert: File of a client certificate, with ``client_key`` where that is apart.
        verified: Whether the server must prove who it is; only for who was told not to ask.
        server_name: What TLS servers must prove to be, where that is not the host of their URL.
        socket: Path of a Unix socket through which every ``http://`` URL is reached.
    """

    home: str = ""
    user: str = ""
    password: Secret = Secret("")
    bearer: Secret = Secret("")
    headers: Strings = Strings()
    ca_bundle: str = ""
    client_cert: str = ""
    client_key: str = ""
    verified: bool = True
    server_name: str = ""
    socket: str = ""


def load() -> None:
    """Import what an ``Http`` needs, now: for who makes one only when it is too late to load code."""
    from dropship.net import session  # noqa: F401, PLC0415 - requests is large, see above


class Http:
    """A session: connections that are used again, for one identity."""

    def __init__(self, identity: Identity | None = None) -> None:
        from dropship.net import session  # noqa: PLC0415 - requests is large, see above

        self._home = identity.home if identity else ""
        self._session: Session = session.Session(identity or Identity())

    def close(self) -> None:
        """Give back the connections; the next request makes new ones."""
        self._session.close()

    def rehearsing(self, answer: bytes) -> AbstractContextManager[None]:
        """Within this, what is below ``NOBODY`` answers so, over a connection to nobody.

        What Python notes while code runs for the first times is memory that processes forked later
        share. Each request needs a new connection: ``close`` in between.
        """
        return self._session.rehearsing(NOBODY, answer)

    def body(
        self, response: requests.Response, *, source: str, length: int | None, skip: int = 0
    ) -> HttpBody:
        """The bytes of an answer, as ``net.body`` counts them."""
        return self._session.body(response, source=source, length=length, skip=skip)

    def request(  # noqa: PLR0913 - keywords of a request, as requests has them
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NONE,
        body: bytes | None = None,
        read: float = READ,
        follow: bool = True,
    ) -> requests.Response:
        """Ask, and ``follow`` redirects; the answer's body is still to be read, or closed.

        Any status is an answer. ``read``: seconds that the server may be silent.

        Raises:
            NetError: There was no answer, or one that leads where we do not go.
        """
        try:
            home = urls.origin(self._home or url)
            response = self._session.send(method, url, headers, body, read, home)
            for _ in range(_MOST_REDIRECTS):
                if not (follow and _leads_on(response)):
                    return response
                url = _same_login(url, _next(response, method, url))
                response = self._session.send(method, url, headers, body, read, home)
        except (OSError, ValueError) as error:  # what requests raises is an OSError
            raise self._session.explained(error, method, url) from error
        if not _leads_on(response):
            return response
        response.close()
        raise NetError(
            f"{urls.shown(url)} is the end of more than {_MOST_REDIRECTS} redirects", permanent=True
        )


def _leads_on(response: requests.Response) -> bool:
    return response.status_code in _REDIRECTS and "Location" in response.headers


def _same_login(url: str, target: str) -> str:
    """``target``, with the login of ``url`` where it is of the same origin and has none itself."""
    login = urls.login_part(url)
    if login and not urls.login_part(target) and urls.origin(target) == urls.origin(url):
        return urls.with_login_part(target, login)
    return target


def _next(response: requests.Response, method: str, url: str) -> str:
    response.close()
    target = urljoin(url, response.headers["Location"])
    here = urls.shown(url)
    if method not in {"GET", "HEAD"} and response.status_code not in _AS_IS:
        raise NetError(
            f"{here} redirects to {urls.shown(target)}", cure="write that URL", permanent=True
        )
    if url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise NetError(
            f"{here} redirects from https to {urls.shown(target)}, which anybody on the way could read and change",
            cure="write an https URL",
            permanent=True,
        )
    return target
