"""Where in a store something is: the URL of a ``Location``, or its path."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from dropship.core.pattern import Pattern


def address(location: Any) -> str:
    """The URL of a location, else its path; empty if it has neither."""
    return str(getattr(location, "url", "") or getattr(location, "path", "") or "")


def at(location: Any, address: str) -> Any:
    """The location of another object of the same store."""
    if own := getattr(location, "at", None):
        return own(address)
    return replace(location, **{"url" if getattr(location, "url", "") else "path": address})


def parted(location: Any) -> tuple[str, str]:
    """The address, and apart from it the query that a URL may have behind it."""
    said = address(location)
    # In the key of an object "?" is a character like others.
    if getattr(location, "url", "") and (match := re.search("[?#]", said)):
        return said[: match.start()], said[match.start() :]
    return said, ""


def pattern_of(location: Any) -> Pattern | None:
    """Where the version stands in the address; None if it has none. What is escaped stays so."""
    return Pattern.of(parted(location)[0])


def version_of(location: Any, pattern: Pattern, name: str) -> str | None:
    """The version in a name of the pattern's folder, without the escapes of a URL."""
    if not getattr(location, "url", ""):
        return pattern.version(name)
    return pattern._replace(part=unquote(pattern.part)).version(unquote(name))


def filled(location: Any, pattern: Pattern, version: str) -> str:
    """The address of one version, which has no escapes."""
    text = quote(version, safe="+:@!$&'()*,;=~") if getattr(location, "url", "") else version
    return pattern.filled(text) + parted(location)[1]


def path(location: Any) -> str:
    """The path in the address, as people know it: without escapes and the query of a URL."""
    said = address(location)
    return unquote(urlsplit(said).path) if getattr(location, "url", "") else said


def beside(location: Any, name: str) -> Any:
    """The location of what is called ``name`` in the same folder; a URL's query stays."""
    return _with(location, lambda said: said.rpartition("/")[0] + "/" * ("/" in said) + name)


def behind(location: Any, suffix: str) -> Any:
    """The location of what is called as this one, with a suffix; a URL's query stays."""
    return _with(location, lambda said: said + suffix)


def _with(location: Any, change: Any) -> Any:
    said, query = parted(location)
    return at(location, change(said) + query)
