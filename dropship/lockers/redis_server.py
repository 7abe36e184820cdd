"""One Redis server: a single connection to it, made when it is first needed, and its errors in words.

Of the library only the connection is used: its pools and clients ask again by themselves, which
nobody who counts a lease's time can have.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from dropship.core.values import Secret, Strings
from dropship.errors import ConfigError, LockError
from dropship.lockers.timed import now
from dropship.net import url as urls

_PORT: Final = 6379
_TLS: Final = "SSLConnection"
_CONNECT: Final = 5.0  # seconds, at most
_SLOW: Final = "see whether its host is overloaded, or something stands between"
_STRANGER: Final = "show it a certificate that it trusts: certFile, keyFile"
_HUNG_UP: Final = "see its log; write rediss:// for a port that speaks TLS"
_HOW: Final = "write redis://host:port, rediss://host:port (with TLS), or unix:///path"

# By words of an error or its class's name; the library takes the codes of some away.
_CURES: Final = Strings(
    {
        "CERTIFICATE_VERIFY_FAILED": "check its certificate, or name its authority in caFile",
        "WRONG_VERSION_NUMBER": "write redis:// for a port that speaks no TLS",
        "ALERT": _STRANGER,
        "[SSL": "check caFile, certFile and keyFile",
        "[X509": "check caFile, certFile and keyFile",
        "without any password": "leave the password out: that server has none",
        "Authentication required": "write the password",
        "NOAUTH": "write the password",
        "invalid username-password": "check user and password",
        "AuthenticationError": "check user and password",
        "NoPermissionError": "give the user the rights that the documentation of turns lists",
        "unknown command": "it must know EVAL, INFO, MGET, SADD, SET and SMEMBERS",
        "ReadOnlyError": "name the primary, not a replica",
        "BusyLoadingError": "it answers once it has read its data",
        "OutOfMemoryError": "raise its maxmemory, or make room",
        "MISCONF": "let it write its snapshots again: its log says what is in the way",
        "NOREPLICAS": "bring back its replicas (min-replicas-to-write)",
        "MASTERDOWN": "name the primary, not a replica",
        "WRONGTYPE": "somebody else uses keys of these names: write another prefix",
        "max number of clients": "raise its maxclients",
        "protected mode": "give it a password, or let it answer to other hosts",
        "DB index": "write another number at the end of url",
        "BUSY": "end the script that keeps it from answering",
        "Unicode": "check the name of its host",
        "InvalidResponse": "check the port: it does not speak as Redis does",
        "closed by server": _HUNG_UP,
        "Connection reset": _HUNG_UP,
        "Timeout": _SLOW,
        "onnect": "start Redis there, or write its address",
    }
)
# What looks different where TLS is spoken: a server that speaks none waits for more, and one that wants
# a certificate hangs up.
_TLS_CURES: Final = Strings(
    {
        "Timeout connecting": f"{_SLOW}; write redis:// for a port that speaks no TLS",
        "EOF occurred": _STRANGER,
        "Connection reset": _STRANGER,
        "Broken pipe": _STRANGER,
    }
)
_MODES: Final[Mapping[str, str]] = Strings(
    {
        "cluster": "name a server that is part of no cluster",
        "sentinel": "name the server that it watches over",
    }
)


class Login(NamedTuple):
    """Who we are to it; without a password, nobody."""

    user: str
    password: Secret


class Tls(NamedTuple):
    """Files of certificates (PEM); empty where there is none."""

    authorities: str
    cert: str
    key: str


class _Connection(Protocol):
    """What is used of the library's ``Connection``."""

    def connect(self) -> None: ...

    def send_command(self, *words: str | int) -> None: ...

    def read_response(self) -> Any: ...

    def disconnect(self) -> None: ...


class RedisServer:
    """Where ``url`` says. ``patience``: seconds for each answer, and for the connection.

    Raises:
        ConfigError: The URL makes no sense, or the library is not installed.
    """

    def __init__(self, url: str, login: Login, tls: Tls, *, patience: float) -> None:
        # Before the fork, so that workers share it.
        try:
            self._library = importlib.import_module("redis")
        except ImportError as error:
            raise ConfigError(
                f"the lock redis needs a library that is not installed: {error}",
                cure="pip install 'dropship[redis]'",
            ) from error
        self._class, self._settings = _settings(url, login, tls)
        path = self._settings.get("path")
        self.name = f"Redis at {f'unix://{path}' if path else urls.shown(url)}"
        self._files = tuple(filter(None, tls))
        self._patience = patience
        self._connection: _Connection | None = None
        self._process = 0
        self._began = 0.0

    @property
    def began(self) -> float:
        """When the server of the last answer began, as ``timed.now()`` counts; never too early."""
        return self._began

    def ask(self, *words: str | int) -> Any:
        """Its answer to one command; asked once more where a connection of before has broken.

        Raises:
            LockError: It cannot be asked, or says no.
        """
        try:
            return self._ask(words)
        except (self._library.RedisError, OSError, UnicodeError) as error:
            raise self._told(error) from error
        except BaseException:
            # Interrupted: an answer that is on its way would be taken for that of the next one.
            self.close()
            raise

    def close(self) -> None:
        """Give back the connection; it is made anew when it is needed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def _ask(self, words: tuple[str | int, ...]) -> Any:
        # That of the process before a fork is not ours; the library closes our copy alone.
        if self._connection is not None and self._process == os.getpid():
            # Redis closes what is idle, and closed all when it began anew.
            with suppress(self._library.ConnectionError):
                return _answer(self._connection, words)
        self.close()
        self._connection, self._process = self._connected(), os.getpid()
        return _answer(self._connection, words)

    def _connected(self) -> _Connection:
        for path in self._files:
            _readable(path)
        connection: _Connection = getattr(self._library, self._class)(
            **self._settings,
            socket_connect_timeout=min(_CONNECT, self._patience),
            socket_timeout=self._patience,
            protocol=2,  # no messages but answers
            decode_responses=True,
            encoding_errors="replace",
            driver_info=None,
        )
        connection.connect()
        try:
            self._meet(_answer(connection, ("INFO", "server")))
        except BaseException:
            connection.disconnect()
            raise
        return connection

    def _meet(self, said: str) -> None:
        known = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
        mode = known.get("redis_mode", "")
        if mode in _MODES:
            raise LockError(f"{self.name} is a {mode}, not one server", cure=_MODES[mode])
        up = known.get("uptime_in_seconds", "")
        self._began = now() - (int(up) if up.isdigit() else 0)

    def _told(self, error: Exception) -> LockError:
        words = " ".join(str(error).split()).rstrip(".")
        seen = f"{type(error).__name__} {words}"
        known = [*(_TLS_CURES.items() if self._class == _TLS else ()), *_CURES.items()]
        cure = next((cure for sign, cure in known if sign in seen), "see its log")
        return LockError(f"{self.name}: {words}", cure=cure)


def _answer(connection: _Connection, words: tuple[str | int, ...]) -> Any:
    connection.send_command(*words)
    return connection.read_response()


def _readable(path: str) -> None:
    # The library would say of a missing file that the server cannot be reached.
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        words = f"{path} cannot be read: {error.strerror}"
        raise LockError(words, cure="check caFile, certFile and keyFile") from error


def _settings(url: str, login: Login, tls: Tls) -> tuple[str, dict[str, Any]]:
    """The class of the library's that connects to a URL, and what it is given.

    Raises:
        ConfigError: The URL makes no sense.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _odd(url, str(error)) from error
    if parts.query or parts.fragment:
        raise _odd(url, "has a query")
    found: dict[str, Any] = {
        "username": login.user or unquote(parts.username or "") or None,
        "password": login.password.reveal() or unquote(parts.password or "") or None,
    }
    if any(tls) and parts.scheme != "rediss":
        raise ConfigError(
            f"caFile, certFile and keyFile are for TLS, and {urls.shown(url)} has none",
            cure="write rediss://, or leave them out",
        )
    if parts.scheme == "unix":
        if not parts.path or parts.hostname:
            raise _odd(url, "names no socket")
        return "UnixDomainSocketConnection", {**found, "path": unquote(parts.path)}
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise _odd(url, "names no Redis server")
    found |= {"host": parts.hostname, "port": port or _PORT, "db": _database(url, parts)}
    if parts.scheme == "redis":
        return "Connection", found
    return _TLS, {
        **found,
        "ssl_ca_certs": tls.authorities or None,
        "ssl_certfile": tls.cert or None,
        "ssl_keyfile": tls.key or None,
    }


def _database(url: str, parts: SplitResult) -> int:
    text = parts.path.strip("/")
    if text and not (text.isascii() and text.isdigit()):
        raise _odd(url, "ends in no number of a database")
    return int(text or 0)


def _odd(url: str, why: str) -> ConfigError:
    return ConfigError(f"the url {urls.shown(url)} {why}", cure=_HOW)
