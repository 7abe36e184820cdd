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

_NONE: Final = Strings()
_ANSWER: Final = 200  # bytes of a bad answer that are shown
_JSON: Final = Strings({"Content-Type": "application/json"})

# Chat services know who posts by the address alone: https://hooks.example.com/services/T0/B0/xYz123
# One of Slack's in seventy has no digit among its 24 letters, but it has both cases.
_TELLING: Final = re.compile(
    r"(?=.*\d)(?=.*[A-Za-z])[\w~.-]{8,}|(?=.*[a-z])(?=.*[A-Z])[A-Za-z]{16,}"
)
_HOOK: Final = re.compile(r"hook", re.IGNORECASE)
_WORD: Final = 8  # characters: what is shorter is hardly a secret


class Request(NamedTuple):
    """What is asked.

    Attributes:
        headers: They go to whatever it is redirected to; credentials belong into ``Http``.
        shown: The address for people, where there is a better way to say it than ``discreet``'s.
        cures: What to do about a failure, by words that it is told in, such as its status.
        start: What to do where nobody answers.
    """

    method: str
    url: str
    body: str = ""
    headers: Mapping[str, str] = _JSON
    shown: str = ""
    cures: Mapping[str, str] = _NONE
    start: str = ""

    def __str__(self) -> str:
        """For people: without logins, and without what looks like a key in the address."""
        return f"{self.what} {self.body}".rstrip()

    @property
    def what(self) -> str:
        """Method and address, for people."""
        return f"{self.method} {self.shown or discreet(self.url)}"

    def cure(self, said: str) -> str:
        """What to do about it; empty if nobody knows."""
        return next((cure for words, cure in self.cures.items() if words in said), "")


def send(http: Http, request: Request, run: Run) -> None:
    """Ask once, attentively; good is an answer of 200 to 299 within ``run.timeout``.

    Closes the connections of ``http``: the next update is far away.

    Raises:
        HookError: There was no good answer; says which, with the first line of it.
    """
    try:
        with bounded(run.watch, run.timeout.seconds, request.what):
            _ask(http, request, run.timeout.seconds)
    except NetError as error:
        # It says the address as everybody sees it.
        said = f"{request.method} {urls.shown(request.url)}"
        message = str(error.args[0]).replace(said, request.what)
        cure = request.cure(message) or error.cure or request.start
        raise HookError(message, cure=cure) from error
    finally:
        http.close()


def _ask(http: Http, request: Request, seconds: float) -> None:
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
        said = _first_line(http, response, request.what)
    answer = f"{response.status_code} {response.reason} {said}".rstrip(" .")
    raise HookError(f"{request.what}: {answer}", cure=request.cure(answer))


def header(value: str) -> str:
    """A header's value as it can be sent: in one line, what is not ASCII as UTF-8 (RFC 9110, 5.5)."""
    return " ".join(value.split()).encode().decode("latin-1")


def _first_line(http: Http, response: requests.Response, what: str) -> str:
    """Of an answer, and the next where that is what it announces; empty if there is none.

    The status alone says enough where an answer cannot be read.
    """
    piece = memoryview(bytearray(_ANSWER))
    try:
        count = http.body(response, source=what, length=None).readinto(piece)
    except RepoError:
        return ""
    lines = [line.strip() for line in bytes(piece[:count]).decode(errors="replace").split("\n")]
    return " ".join(lines[:2] if lines[0].endswith(":") else lines[:1])


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
