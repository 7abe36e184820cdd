"""Addresses that look wrong: what the Go tool would only have tripped over at run time.

A warning, never an error: an address may be right in a way nobody here thought of.
"""

from __future__ import annotations

import re
from typing import Final

from dropship.core.option import fold

_ADDRESSES: Final = frozenset({"url", "host", "endpoint", "authurl", "address"})
_WITH_CREDENTIALS: Final = frozenset({"endpoint", "authurl"})
_URL: Final = re.compile(r"([A-Za-z][\w+.-]*)://(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(?::([^/?#]*))?")
_HOST: Final = re.compile(r"[A-Za-z0-9_]([\w.-]*[\w.])?|\[[0-9A-Fa-f:.%]+\]")


def oddity(key: str, text: str) -> tuple[str, str | None] | None:
    """What is odd about the value of a key, and a suggestion; None if nothing is."""
    name = fold(key)
    if name not in _ADDRESSES or "{{" in text:
        return None
    match = _URL.match(text)
    if match is None:
        # The text is not quoted: it may hold a password.
        missing = name in _WITH_CREDENTIALS and text
        return ("this is no whole URL", "begin it with https://") if missing else None
    scheme, host, port = match[1].lower(), match[2], match[3]
    if not _HOST.fullmatch(host):
        return f'"{host}" is not the name of a host', "put the real name in its place"
    if port is not None and not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        return f'"{port}" is not a port', None
    if name in _WITH_CREDENTIALS and scheme == "http" and not _loopback(host):
        return "credentials would travel unencrypted over plain http", "use https"
    return None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    from ipaddress import ip_address  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
