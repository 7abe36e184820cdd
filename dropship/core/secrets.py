"""Which secrets a configuration holds: for whoever must keep them out of logs and environments.

A secret is what an option marked ``secret`` has, whatever its type, and a login inside a URL
wherever one stands. Parts of a secret that are worth as much as the whole count too: the token
after ``Bearer``, the password that ``Basic`` has in base64.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from dropship.core.option import fold, options_of
from dropship.core.values import Secret

_SCHEMES: Final = frozenset(
    {"apikey", "basic", "bearer", "digest", "key", "negotiate", "ssws", "token"}
)
_SCHEME: Final = re.compile(r"\s*([A-Za-z][\w-]*)\s+(\S.*)", re.DOTALL)
_LOGIN: Final = re.compile(r"[A-Za-z][\w+.-]*://([^/?#\s]*)@")
_PIECE: Final = re.compile(r"[\s,;]+")

# Headers: not every one of them is a credential, and the words of a log should stay words.
_TELLING: Final = ("auth", "cookie", "cred", "key", "passw", "secret", "session", "sign", "token")
_PLAIN: Final = frozenset(
    {"accept", "acceptcharset", "acceptencoding", "acceptlanguage", "cachecontrol", "contenttype",
     "useragent"}
)  # fmt: skip
_ACTION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TRIVIAL: Final = re.compile(r"[A-Z]?[a-z]{0,11}|[A-Z]{1,12}|[\d.:-]{1,12}")

_LEAST: Final = 4  # below this a part is hidden with the whole only
_WORTH: Final = 8  # from here on a part that looks random is hidden wherever it stands


def secret_values(tree: Any) -> frozenset[str]:
    """Every secret's text below ``tree`` (dataclasses, tuples, lists, mappings), empty ones left out.

    Whoever calls this takes the values out of their hiding: hand them on, keep no copy.
    """
    return frozenset(filter(None, secrets_of(tree)))


def secrets_of(value: Any, *, marked: bool = False) -> Iterator[str]:
    """The same of one value; ``marked``: it is an option's that is marked secret."""
    if isinstance(value, Secret):
        yield from _worth_hiding(value.reveal())
    elif marked and _reads_as_text(value):
        yield from _worth_hiding(str(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            secret = marked or field.name in _marked(type(value))
            yield from secrets_of(getattr(value, field.name), marked=secret)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from secrets_of(one, marked=marked and not _harmless(str(name), one))
    elif isinstance(value, (tuple, list, frozenset, set)):
        for one in value:
            yield from secrets_of(one, marked=marked)
    elif isinstance(value, str):
        yield from _logins(value)


def _reads_as_text(value: object) -> bool:
    """Whether a value is written in a configuration as ``str`` shows it: text, numbers, our own."""
    if value is None or isinstance(value, (bool, Mapping, tuple, list, frozenset, set)):
        return False
    return not dataclasses.is_dataclass(value) or type(value).__str__ is not object.__str__


@cache
def _marked(cls: type) -> frozenset[str]:
    """The names of the fields that are marked secret."""
    return frozenset(name for name, said in options_of(cls).items() if said.secret)


def _harmless(name: str, value: object) -> bool:
    """Whether an item of a mapping that holds credentials is clearly none itself."""
    if not _reads_as_text(value) or any(word in fold(name) for word in _TELLING):
        return False
    # What a template puts in is no secret: those of the configuration are out of its reach.
    written = _ACTION.sub("", str(value))
    return fold(name) in _PLAIN or _TRIVIAL.fullmatch(written) is not None


def _worth_hiding(secret: str) -> Iterator[str]:
    """A secret, and its parts."""
    yield secret
    yield from _logins(secret)
    match = _SCHEME.fullmatch(secret)
    if match is not None and fold(match[1]) in _SCHEMES:
        yield from _long_enough([match[2].rstrip(), *_basic(match[2])])
    for piece in _PIECE.split(secret):
        for part in (piece, piece.partition("=")[2].strip("\"'")):
            if _looks_random(part):
                yield part


def _basic(text: str) -> Iterator[str]:
    """The password in the base64 of ``user:password`` (RFC 7617), and both."""
    import base64  # noqa: PLC0415 - few secrets are of this kind

    try:
        login = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return
    yield login
    yield login.partition(":")[2]


def _logins(text: str) -> Iterator[str]:
    """What stands before the ``@`` of URLs, as it is written and as it is meant."""
    for match in _LOGIN.finditer(text):
        for login in dict.fromkeys((match[1], unquote(match[1]))):
            user, colon, password = login.partition(":")
            # A name alone is a token, or it is just "git": the filter hides it in its URL anyway.
            yield from [login, password] if colon and password else filter(_looks_random, [user])


def _long_enough(parts: Iterable[str]) -> Iterator[str]:
    return (part for part in parts if len(part) >= _LEAST)


def _looks_random(part: str) -> bool:
    letters = any(char.isalpha() for char in part)
    return len(part) >= _WORTH and letters and any(char.isdigit() for char in part)
