"""Consul's keys and sessions, one request a call (https://developer.hashicorp.com/consul/api-docs).

Every request is bounded and its errors are told with their cure. An interrupted request's
connection is not used again.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dropship.core.values import Duration
from dropship.core.watch import Watch
from dropship.errors import ConfigError, LockError, RepoError
from dropship.net import http
from dropship.net.consul import CURES, Consul
from dropship.net.heed import bounded
from dropship.net.lines import in_a_line

if TYPE_CHECKING:
    import requests

SECONDS: Final = 10.0
"""How long a request may take that waits for nothing: Consul itself waits 7 s for a leader."""

_SPREAD: Final = 16  # Consul adds up to this part of a wait, at random
_MOST: Final = 8 << 20  # bytes of an answer
_PIECE: Final = 64 << 10
_SAID: Final = 200  # characters of a bad answer that are shown
_START: Final = "start Consul there, or write its address"
_RIGHTS: Final = (
    'check the token: its rules need key_prefix "dropship/" and session_prefix "", '
    'each with policy = "write"'
)
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_WAIT: Final = "nothing, if it passes: Consul is without a leader, or overloaded"
_DENIED: Final = "ermission denied"
_CURES: Final[Mapping[str, str]] = {
    **CURES,
    _DENIED: _RIGHTS,
    "403": _RIGHTS,
    "leader": _WAIT,
    "rpc error": _WAIT,
    "429": _WAIT,
    "no answer in time": "see whether Consul is overloaded, or its network is cut",
}


class Key(NamedTuple):
    """A key as it was at one time.

    Attributes:
        text: Its value; None where it has none.
        session: Whose it is, if anybody's.
        created, modified: Consul's indexes.
    """

    name: str
    text: str | None
    flags: int
    session: str
    created: int
    modified: int


class Listing(NamedTuple):
    """All keys whose names have a beginning. ``at``: the index to wait for changes after; 0: do not."""

    keys: tuple[Key, ...]
    at: int


class _Answer(NamedTuple):
    """What Consul says (None for a 404), and at which index (0: it has none)."""

    said: Any
    at: int = 0


class ConsulKeys:
    """Asks a Consul; who we are to it is read when the first request is made."""

    def __init__(self, consul: Consul) -> None:
        http.load()  # before workers are forked
        self._consul = consul
        self._http: http.Http | None = None
        self._watch: Watch | None = None

    @contextmanager
    def watched(self, watch: Watch) -> Iterator[None]:
        """Within this, every request looks around while Consul says nothing."""
        self._watch = watch
        try:
            yield
        finally:
            self._watch = None

    def close(self) -> None:
        """Give back the connections; the next request makes new ones, and reads anew who we are."""
        used, self._http = self._http, None
        if used is not None:
            used.close()

    def begin(self, name: str, ttl: Duration) -> str:
        """A new session, gone with all that is its own if it is not renewed in time."""
        wanted = {"Name": name, "TTL": str(ttl), "Behavior": "delete"}
        said = self._ask("PUT", ("session", "create"), json.dumps(wanted)).said
        session = said.get("ID") if isinstance(said, dict) else None
        if not isinstance(session, str) or not session:
            raise self._odd("PUT", ("session", "create"))
        return session

    def renew(self, session: str, seconds: float = SECONDS) -> bool:
        """Whether the session lives, and for another time to live."""
        answer = self._ask("PUT", ("session", "renew", session), seconds=seconds)
        return answer.said is not None

    def end(self, session: str, seconds: float = SECONDS) -> None:
        """End it, if it lives."""
        self._ask("PUT", ("session", "destroy", session), seconds=seconds)

    def named(self, session: str) -> str:
        """How a session is called, else its node; empty if it is gone."""
        said = self._ask("GET", ("session", "info", session)).said
        found = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else {}
        return str(found.get("Name") or found.get("Node") or "")

    def read(self, name: str, seconds: float = SECONDS) -> Key | None:
        """A key as the leader has it, who makes sure that it leads; None if there is none."""
        steps = ("kv", *name.split("/"))
        answer = self._ask("GET", steps, seconds=seconds, query={"consistent": "true"})
        return next(iter(self._keys(answer, steps)), None)

    def list(self, beginning: str, index: int = 0, wait: float = 0.0) -> Listing:
        """Every key that begins so; waits up to ``wait`` seconds for anything after ``index``."""
        steps = ("kv", *beginning.split("/"))
        query, seconds = {"recurse": "true"}, SECONDS
        if index:
            query |= {"wait": f"{max(1, round(wait * 1000))}ms", "index": str(index)}
            seconds += wait * (1 + 1 / _SPREAD)
        answer = self._ask("GET", steps, seconds=seconds, query=query)
        # One that went back is of a Consul that was restored: it may be long until it is where it was.
        # https://developer.hashicorp.com/consul/api-docs/features/blocking
        later = answer.at if answer.at >= index else 0
        return Listing(self._keys(answer, steps), later)

    def put(self, name: str, text: str, flags: int = 0, **how: str) -> bool:
        """Write a key; ``how`` may be ``acquire`` or ``cas``. False where that does not hold."""
        return self._do("PUT", name, text, {"flags": str(flags or ""), **how})

    def delete(self, name: str, **how: str) -> bool:
        """Delete a key if it is there; ``how`` may be ``cas``. False where that does not hold."""
        return self._do("DELETE", name, "", how)

    def shown(self, name: str) -> str:
        """Where a key is, for people."""
        return self._consul.shown("kv", *name.split("/"))

    def _do(self, method: str, name: str, text: str, query: Mapping[str, str]) -> bool:
        steps = ("kv", *name.split("/"))
        said = self._ask(method, steps, text, query=query).said
        if not isinstance(said, bool):
            raise self._odd(method, steps)
        return said

    def _ask(
        self,
        method: str,
        steps: tuple[str, ...],
        body: str = "",
        *,
        seconds: float = SECONDS,
        query: Mapping[str, str] = _NONE,
    ) -> _Answer:
        what, until = self._what(method, steps), time.monotonic() + seconds
        watch = self._watch
        try:
            url, asked = self._consul.url(*steps, **query), self._session()
            with bounded(watch, seconds, what) if watch else nullcontext():
                response = asked.request(method, url, body=body.encode(), read=seconds)
                with response:
                    text = self._text(response, what, until)
        except (http.NetError, ConfigError, RepoError) as error:
            self.close()
            said = str(error.args[0])
            reason = said.partition(": ")[2]
            raise LockError(said, cure=_cure(reason) or error.cure or _START) from error
        except BaseException:  # interrupted: the rest of an answer may be left in the connection
            self.close()
            raise
        return self._judged(response, text, method, steps)

    def _session(self) -> http.Http:
        if self._http is None:
            self._http = http.Http(self._consul.identity())
        return self._http

    def _text(self, response: requests.Response, what: str, until: float) -> str:
        body, text = self._session().body(response, source=what, length=None), bytearray()
        piece = memoryview(bytearray(_PIECE))
        while count := body.readinto(piece):
            text += piece[:count]
            if len(text) > _MOST:
                raise http.NetError(f"{what}: an answer of more than {_MOST >> 20} MiB")
            if time.monotonic() > until:
                raise http.NetError(f"{what}: no answer in time")
        return text.decode(errors="replace")

    def _judged(
        self, response: requests.Response, text: str, method: str, steps: tuple[str, ...]
    ) -> _Answer:
        status, index = response.status_code, response.headers.get("X-Consul-Index", "")
        at = int(index) if index.isdecimal() else 0
        if status == HTTPStatus.NOT_FOUND:
            return _Answer(None, at)
        if not response.ok:
            said = in_a_line(f"{status} {response.reason} {text}".strip(), _SAID)
            self.close()  # the next request may have another token
            # A token that Consul does not know is refused with the same status, and other words.
            raise LockError(
                f"{self._what(method, steps)}: {said}", cure=_cure(said), permanent=_DENIED in said
            )
        try:
            return _Answer(json.loads(text), at)
        except (ValueError, RecursionError) as error:
            raise self._odd(method, steps) from error

    def _keys(self, answer: _Answer, steps: tuple[str, ...]) -> tuple[Key, ...]:
        try:
            return tuple(map(_key, answer.said or ()))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise self._odd("GET", steps) from error

    def _what(self, method: str, steps: tuple[str, ...]) -> str:
        return f"{method} {self._consul.shown(*steps)}"

    def _odd(self, method: str, steps: tuple[str, ...]) -> LockError:
        return LockError(
            f"{self._what(method, steps)}: the answer is not Consul's",
            cure="write the address of Consul's HTTP API",
        )


def _cure(said: str) -> str:
    """What to do about a reason, or about an answer that begins with its status."""
    cures = (
        cure
        for words, cure in _CURES.items()
        if (said.startswith(words) if words.isdigit() else words in said)
    )
    return next(cures, "")


def _key(said: dict[str, Any]) -> Key:
    value = said.get("Value")
    return Key(
        name=str(said["Key"]),
        text=b64decode(value, validate=True).decode(errors="replace") if value else None,
        flags=int(said.get("Flags") or 0),
        session=str(said.get("Session") or ""),
        created=int(said.get("CreateIndex") or 0),
        modified=int(said.get("ModifyIndex") or 0),
    )
