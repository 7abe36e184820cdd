"""URLs: whose they are, and what of them may be shown."""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS: Final = {"http": 80, "https": 443}


class Login(NamedTuple):
    """A user and a password that stood in a URL."""

    user: str
    password: str


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: to whom credentials belong (RFC 6454).

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def without_login(url: str) -> tuple[str, Login | None]:
    """The URL without ``user:password@``, and what stood there.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    login = Login(unquote(parts.username), unquote(parts.password or ""))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), login


def login_part(url: str) -> str:
    """What stands before the ``@`` of a URL, as it stands there; may be empty.

    Raises:
        ValueError: It is no URL.
    """
    return urlsplit(url).netloc.rpartition("@")[0]


def with_login_part(url: str, login: str) -> str:
    """A URL that has no login, with this one.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    return parts._replace(netloc=f"{login}@{parts.netloc}").geturl()


def shown(url: str) -> str:
    """The URL for people: no login, and no query, which may be a signature."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.rpartition("@")[2].partition("?")[0]
    query = "…" if parts.query else ""
    return SplitResult(
        parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""
    ).geturl()


def loopback(url: str) -> bool:
    """Whether it leads to this host."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
