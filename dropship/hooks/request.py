"""A hook's request: sent once, within the hook's time, and answered well or the hook has failed.

``webhook``, ``grafana-annotation``, ``graphite-event`` and ``consul-event`` differ in what they ask;
how it is sent, judged and shown is here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from dropship.core.values import Strings
from dropship.errors import HookError, RepoError
from dropship.net import url as urls
from dropship.net.heed import bounded
from dropship.net.http import NetError

if TYPE_CHECKING:
    import requests

    from dropship.exec.run import Run
    from dropship.net.http import Http

_ANSWER: Final = 200  # bytes of a bad answer that are shown
_JSON: Final = Strings({"Content-Type": "application/json"})

# Chat services know who posts by the address alone: https://hooks.example.com/services/T0/B0/xYz123
_TELLING: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w~.-]{8,}")
_HOOK: Final = re.compile(r"hook", re.IGNORECASE)
_WORD: Final = 8  # characters: what is shorter is hardly a secret


class Request(NamedTuple):
    """What is asked; ``headers`` go to whatever it is redirected to, credentials belong into ``Http``."""

    method: str
    url: str
    body: str = ""
    headers: Mapping[str, str] = _JSON

    def __str__(self) -> str:
        """For people: without logins, and without what looks like a key in the address."""
        return f"{self.method} {discreet(self.url)} {self.body}".rstrip()


def send(http: Http, request: Request, run: Run) -> None:
    """Ask once, attentively; good is an answer of 200 to 299 within ``run.timeout``.

    Closes the connections of ``http``: the next update is far away.

    Raises:
        HookError: There was no good answer; says which, with the first line of it.
    """
    what = f"{request.method} {discreet(request.url)}"
    try:
        with bounded(run.watch, run.timeout.seconds, what):
            _ask(http, request, run.timeout.seconds, what)
    except NetError as error:
        # It says the address as everybody sees it.
        message = str(error.args[0]).replace(urls.shown(request.url), discreet(request.url))
        raise HookError(message, cure=error.cure) from error
    finally:
        http.close()


def _ask(http: Http, request: Request, seconds: float, what: str) -> None:
    response = http.request(
        request.method,
        request.url,
        headers=request.headers,
        body=request.body.encode(),
        read=seconds,
    )
    with response:
        if 200 <= response.status_code < 300:
            return
        said = _first_line(http, response, what)
    raise HookError(f"{what}: {response.status_code} {response.reason} {said}".rstrip())


def header(value: str) -> str:
    """A header's value as it can be sent: in one line, what is not ASCII as UTF-8 (RFC 9110, 5.5)."""
    return " ".join(value.split()).encode().decode("latin-1")


def _first_line(http: Http, response: requests.Response, what: str) -> str:
    """Of an answer; empty if it cannot be read: the status says enough."""
    piece = memoryview(bytearray(_ANSWER))
    try:
        count = http.body(response, source=what, length=None).readinto(piece)
    except RepoError:
        return ""
    return bytes(piece[:count]).decode(errors="replace").split("\n")[0]


def discreet(url: str) -> str:
    """``urls.shown``, and ``…`` for each part of the path that looks like a key."""
    shown = urls.shown(url)
    try:
        parts = urlsplit(shown)
    except ValueError:
        return shown
    before, path = parts.netloc, []
    for part in parts.path.split("/"):
        hidden = _TELLING.fullmatch(part) or (_HOOK.search(before) and len(part) >= _WORD)
        path.append("…" if hidden else part)
        before = part
    return SplitResult(parts.scheme, parts.netloc, "/".join(path), parts.query, "").geturl()
