"""Calls to etcd through the JSON gateway that its members have: who answers, who we are, what no means.

https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ ; below ``/v3/`` since etcd 3.4.

A member that cannot be asked is followed by the next, so a call may arrive twice, and the first one
late, when a member that was held up goes on: callers send only what does no harm then.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dropship.core.values import Secret, Strings
from dropship.errors import LockError, RepoError
from dropship.net import url as urls
from dropship.net.http import Http, NetError
from dropship.net.lines import in_a_line

if TYPE_CHECKING:
    import requests

    from dropship.net.http import Identity

LONGEST: Final = 8.0
"""Seconds for one call, whoever answers it in the end."""

_LEAST: Final = 0.05  # seconds for which it still makes sense to ask
_MOST: Final = 1 << 20  # bytes of an answer
_SHOWN: Final = 200  # characters of what it says
_PASSING: Final = frozenset({408, 429})  # and whatever is 500 and above
_NOT_FOUND: Final = 5  # the code of gRPC
# etcd's own words; its codes do not tell these from others.
_STALE: Final = ("invalid auth token", "revision of auth store is old")

_CURES: Final = Strings(
    {
        "permission denied": "let a role of the user read and write what begins with the lock's prefix",
        "authentication failed": "check user and password",
        "user name is empty": "write user and password: this etcd has auth enabled",
        "authentication is not enabled": "leave out user and password, or enable auth",
        "CommonName": "show a certificate without a common name: with auth, the gateway takes no other",
        "closed connection without": "see that most members of etcd run; write https:// if they speak TLS",
        "ALERT": "show a certificate that etcd trusts (certFile, keyFile)",
        "CERTIFICATE_VERIFY_FAILED": "check the certificate, or name its authority in caFile",
        # How a member ends a connection is left to chance: its alert may come too late.
        "TLS failed: the connection was cut": "show a certificate that etcd trusts (certFile, keyFile), or write http:// if it speaks no TLS",
        "reset by peer": "see that most members of etcd run; with TLS, that they trust certFile and keyFile",
        "TLS failed": "check caFile, certFile and keyFile",
        "database space exceeded": "compact and defragment etcd, then disarm its alarm",
        "404": "write the URL of the port for clients of etcd 3.4 or later",
        "invalid auth token": "see that all members of etcd know the same tokens, and what time it is",
        "is no answer of etcd": "write the URL of the port for clients of etcd 3.4 or later",
    }
)
_UNREACHED: Final = "see that most members of etcd run and are reached from here"


class GoneError(LockError):
    """What the call was about is not there (any more)."""


class _SilentError(Exception):
    """This member cannot answer now; another may."""


class _StaleError(Exception):
    """The token is not good any more: it ran out, or its member was started anew."""


class Gateway:
    """The members of one etcd; ``user`` may be empty.

    The member that answered last is asked first.
    """

    def __init__(
        self, members: Sequence[str], identity: Identity, user: str, password: Secret
    ) -> None:
        self._members = deque(members)
        self._http = Http(identity)
        self._user = user
        self._password = password
        self._token = ""

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def ask(
        self, call: str, body: Mapping[str, Any], *, seconds: float = LONGEST
    ) -> Mapping[str, Any]:
        """What etcd answers to a call, such as ``kv/txn``, within ``seconds``.

        Raises:
            GoneError: etcd does not know what it is about.
            LockError: There was no good answer.
        """
        until = time.monotonic() + seconds
        troubles: dict[str, None] = {}  # in order, each once
        # Once more than there are members: a connection kept from before may have been cut since.
        for rest in range(len(self._members), -1, -1):
            left = until - time.monotonic()
            if left < _LEAST:
                break
            try:
                return self._known(call, body, time.monotonic() + left / max(rest, 1))
            except _SilentError as trouble:
                troubles[str(trouble)] = None
                self._members.rotate(-1)
        said = ", ".join(troubles)
        raise LockError(f"etcd cannot be asked: {said}", cure=_cure(said, _UNREACHED))

    def _known(self, call: str, body: Mapping[str, Any], until: float) -> Mapping[str, Any]:
        """Ask as the user, who may have to say anew who he is."""
        if not self._user:
            return self._ask(call, body, until)
        try:
            return self._ask(call, body, until, self._login(until))
        except _StaleError:
            self._token = ""
        try:
            return self._ask(call, body, until, self._login(until))
        except _StaleError as error:
            raise _SilentError(f"{urls.shown(self._members[0])}: {error}") from error

    def _login(self, until: float) -> str:
        if not self._token:
            who = {"name": self._user, "password": self._password.reveal()}
            self._token = str(self._ask("auth/authenticate", who, until).get("token", ""))
        return self._token

    def _ask(
        self, call: str, body: Mapping[str, Any], until: float, token: str = ""
    ) -> Mapping[str, Any]:
        url = f"{self._members[0].rstrip('/')}/v3/{call}"
        headers = {"Content-Type": "application/json", "Authorization": token}
        try:
            response = self._http.request(
                "POST",
                url,
                headers={name: value for name, value in headers.items() if value},
                body=json.dumps(body).encode(),
                read=max(_LEAST, until - time.monotonic()),
                follow=False,
            )
            with response:
                said = self._whole(response, url, until)
        except (NetError, RepoError) as error:
            raise _SilentError(str(error.args[0]).removeprefix("POST ")) from error
        return _judged(response, urls.shown(url), said)

    def _whole(self, response: requests.Response, url: str, until: float) -> bytes:
        body = self._http.body(response, source=urls.shown(url), length=None)
        found, piece = bytearray(), memoryview(bytearray(1 << 16))
        while count := body.readinto(piece):
            found += piece[:count]
            if len(found) > _MOST:
                raise LockError(f"{urls.shown(url)}: the answer is longer than {_MOST} bytes")
            if time.monotonic() > until:
                raise _SilentError(f"{urls.shown(url)}: no answer in time")
        return bytes(found)


def _judged(response: requests.Response, shown: str, said: bytes) -> Mapping[str, Any]:
    """A good answer."""
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        found = None
    good = response.status_code == 200
    if good and isinstance(found, dict):
        return found
    if good:
        raise _refusal(f"{shown}: that is no answer of etcd")
    words = ""
    if isinstance(found, dict):  # etcd 3.6 has the message alone
        words = str(found.get("error") or found.get("message") or "")
    text = in_a_line(words or said.decode(errors="replace"), _SHOWN)
    if any(stale in words for stale in _STALE):
        raise _StaleError(text)
    if isinstance(found, dict) and found.get("code") == _NOT_FOUND:
        raise GoneError(f"{shown}: {text}")
    status = response.status_code
    if status >= 500 or status in _PASSING:
        raise _SilentError(f"{shown}: {status} {text}")
    raise _refusal(f"{shown}: {status} {text}")


def _refusal(words: str) -> LockError:
    return LockError(words, cure=_cure(words, "see what etcd logs about it"))


def _cure(said: str, otherwise: str) -> str:
    return next((cure for words, cure in _CURES.items() if words in said), otherwise)
