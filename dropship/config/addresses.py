"""Addresses that look wrong: what the Go tool would only have tripped over at run time.

A warning, never an error: an address may be right in a way nobody here thought of.
"""

from __future__ import annotations

import re
from typing import Final

from dropship.core.option import fold

_ADDRESSES: Final = frozenset(
    {"url", "host", "endpoint", "endpoints", "authurl", "storageurl", "address"}
)
# Where the scheme may be left out, since there is only one that can be meant.
_BARE: Final = frozenset({"host", "address"})
_WITH_CREDENTIALS: Final = frozenset({"endpoint", "authurl", "storageurl"})
_URL: Final = re.compile(r"([A-Za-z][\w+.-]*)://(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(?::([^/?#]*))?")
_HOST: Final = re.compile(r"[A-Za-z0-9_]([\w.-]*[\w.])?|\[[0-9A-Fa-f:.%]+\]")
_BEGIN: Final = "begin it with https://"

Odd = tuple[str, str | None]


def oddity(key: str, text: str, *, relative: bool = False) -> Odd | None:
    """What is odd about the value of a key, and a suggestion; None if nothing is.

    ``relative``: it may be the rest of another address.
    """
    name = fold(key)
    # A socket has a path and no host.
    socket = text.startswith("unix://")
    if name not in _ADDRESSES or not text or "{{" in text or socket:
        return None
    if text != text.strip():
        return "there is white space around it", "take the spaces away"
    match = _URL.match(f"http://{text}" if name in _BARE and "://" not in text else text)
    if match is None:
        return None if relative and ":" not in text.partition("/")[0] else _no_url(text)
    scheme, host = match[1].lower(), match[2]
    if odd := _scheme(scheme) or _place(host, match[3]):
        return odd
    if name in _WITH_CREDENTIALS and scheme == "http" and not _loopback(host):
        return "credentials would travel unencrypted over plain http", "use https"
    return None


def no_name(key: str, text: str) -> Odd | None:
    """What is odd about a name, if it is an address instead."""
    if fold(key) not in {"bucket", "container"} or "/" not in text:
        return None
    return "a bucket has a name, not an address", "write the name alone; the rest is the path"


def _no_url(text: str) -> Odd:
    # The text is not quoted: it may hold a password.
    slip = re.match(r"(?i)(https?)(?::/?|;//|//)", text)
    return "this is no whole URL", f"write {slip[1].lower()}://" if slip else _BEGIN


def _scheme(scheme: str) -> Odd | None:
    """Another scheme may be meant, a misspelled one hardly."""
    if scheme in ("http", "https"):
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    near = get_close_matches(scheme, ("https", "http"), n=1, cutoff=0.7)
    return (f'"{scheme}" is not a scheme', f"did you mean {near[0]}://?") if near else None


def _place(host: str, port: str | None) -> Odd | None:
    if not host:
        return "it names no host", "write the host behind ://"
    if not _HOST.fullmatch(host):
        return f'"{host}" is not the name of a host', "put the real name in its place"
    if port is not None and not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        return f'"{port}" is not a port', "a port is a number from 1 to 65535"
    return None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    from ipaddress import ip_address  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
