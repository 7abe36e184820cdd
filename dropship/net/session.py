"""The half of HTTP that knows requests: one request as ``net.http`` says, and its errors in our words."""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import BadStatusLine
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Final

import requests
import urllib3
import urllib3.exceptions
from requests.utils import get_environ_proxies

from dropship import __version__
from dropship.net import client_files, tls
from dropship.net import url as urls
from dropship.net.adapters import NameAdapter, NobodyAdapter, SocketAdapter
from dropship.net.body import HttpBody
from dropship.net.http import CONNECT, Identity, NetError
from dropship.net.lines import in_a_line

_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
)

_CUT_IN_TLS: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_LONGEST_REASON: Final = 200
_NO_FILE: Final = "invalid path: "  # how requests says that a file of TLS is not there


class Session:
    """Connections, and who we are on them."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._session = requests.Session()
        self._session.trust_env = False  # or .netrc would send passwords nobody configured
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._session.headers.update(
            {"Accept-Encoding": "identity", "User-Agent": f"dropship/{__version__}"}
        )
        if identity.socket:
            self._session.mount("http://", SocketAdapter(Path(identity.socket)))
        if identity.server_name:
            self._session.mount("https://", NameAdapter(identity.server_name))
        if not identity.verified:
            # Each request would say on stderr what somebody has asked for.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Give back the connections."""
        self._session.close()

    @contextmanager
    def rehearsing(self, url: str, answer: bytes) -> Iterator[None]:
        """Within this, whatever begins with ``url`` is answered so, and nobody is asked."""
        self._session.mount(url, NobodyAdapter(answer))
        try:
            yield
        finally:
            self._session.adapters.pop(url).close()

    @staticmethod
    def body(
        response: requests.Response, *, source: str, length: int | None, skip: int
    ) -> HttpBody:
        """The bytes of an answer."""
        return HttpBody(response.raw, source=source, length=length, skip=skip)

    @staticmethod
    def explained(error: Exception, method: str, url: str) -> NetError:
        """What an error of ``send`` means to an operator."""
        return _explained(error, method, url)

    def send(  # noqa: PLR0913, PLR0917 - one request, taken apart
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        read: float,
        home: tuple[str, str, int | None],
    ) -> requests.Response:
        """Ask once, or twice over a connection that was cut; ``home``: whose our credentials are.

        Raises:
            OSError, ValueError: There was no answer; ``explained`` says what that means.
        """
        url, login = urls.without_login(url)
        at_home = urls.origin(url) == home
        credentials = self._credentials(login, at_home=at_home)
        request = requests.Request(
            method, url, headers={**credentials, **headers}, data=body, auth=_no_auth
        )
        prepared = self._session.prepare_request(request)
        try:
            return self._once(prepared, url, read, at_home=at_home)
        except requests.ConnectionError as error:
            # A connection kept from the last check may have been closed just now.
            if method == "POST" or isinstance(error, requests.Timeout) or not _cut(error):
                raise
            return self._once(prepared, url, read, at_home=at_home)

    def _once(
        self, prepared: requests.PreparedRequest, url: str, read: float, *, at_home: bool
    ) -> requests.Response:
        return self._session.send(
            prepared,
            stream=True,
            allow_redirects=False,
            timeout=(min(CONNECT, read), read),
            verify=self._identity.verified and (self._identity.ca_bundle or _authorities()),
            cert=self._certificate() if at_home else None,
            proxies={} if urls.loopback(url) else get_environ_proxies(url, no_proxy=None),
        )

    def _credentials(self, login: urls.Login | None, *, at_home: bool) -> dict[str, str]:
        """The headers that say who we are; a login in the URL itself is for that URL."""
        who = self._identity
        headers = dict(who.headers) if at_home else {}
        if login is not None:
            headers["Authorization"] = _basic(login.user, login.password)
        elif at_home and who.bearer:
            headers["Authorization"] = f"Bearer {who.bearer.reveal()}"
        elif at_home and who.user:
            headers["Authorization"] = _basic(who.user, who.password.reveal())
        return headers

    def _certificate(self) -> str | tuple[str, str] | None:
        cert, key = self._identity.client_cert, self._identity.client_key
        if cert:
            client_files.check(cert, key)
        return (cert, key) if cert and key else cert or None


def _no_auth(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from finding credentials by itself."""
    return prepared


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _authorities() -> str | bool:
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    return named or next((path for path in _AUTHORITIES if Path(path).exists()), True)


def _cut(error: Exception) -> bool:
    """The connection was closed before any answer, which one more try may mend."""
    return isinstance(
        _root(error), ConnectionResetError | BrokenPipeError
    ) or "RemoteDisconnected" in repr(error)


def _root(error: BaseException) -> BaseException:
    """The innermost cause; requests and urllib3 wrap it several times."""
    inner: BaseException | None = error
    for _ in range(10):
        if inner is None:
            break
        error = inner
        argument = next((one for one in error.args if isinstance(one, BaseException)), None)
        inner = getattr(error, "reason", None)
        inner = inner if isinstance(inner, BaseException) else argument or error.__cause__
    return error


def _reason(root: BaseException) -> str:
    """In one line and not for ever: it may quote what a server wrote, line end and all."""
    text = getattr(root, "strerror", None) or str(root).rpartition(": ")[2]
    return in_a_line(text, _LONGEST_REASON) or type(root).__name__


def _explained(error: Exception, method: str, url: str) -> NetError:
    where = f"{method} {urls.shown(url)}"
    root = _root(error)
    if isinstance(root, _CUT_IN_TLS):
        return NetError(f"{where}: TLS failed: the connection was cut")
    if isinstance(error, requests.exceptions.SSLError):
        return NetError(
            f"{where}: TLS failed: {_reason(root)}", cure=tls.cure(str(root)), permanent=True
        )
    if passing := _passing(error, root):
        return NetError(f"{where}: {passing}")
    if isinstance(error, requests.exceptions.InvalidHeader | UnicodeEncodeError):
        # Their own words quote the header, of which a part would be left below.
        return NetError(
            f"{where}: a header is not one that can be sent",
            cure="write headers without line ends, of Latin-1 characters only",
            permanent=True,
        )
    if type(error) is OSError and _NO_FILE in str(error):
        path = str(error).rpartition(_NO_FILE)[2]
        return NetError(
            f"{where}: there is no file {path}", cure="create it, or name another", permanent=True
        )
    return NetError(
        f"{where}: {_reason(root)}", cure="check the URL and the files it needs", permanent=True
    )


def _passing(error: Exception, root: BaseException) -> str:
    """What may be better the next time, in words; nothing for anything else."""
    if isinstance(root, urllib3.exceptions.InvalidHeader):  # of the answer; requests has its own
        return f"the answer makes no sense: {_reason(root)}"
    if isinstance(root, BadStatusLine) and not isinstance(root, ConnectionError):
        return f"the answer is no HTTP: {_reason(root)}"
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {CONNECT:g} s"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return _reason(root)
    return ""
