"""Is an answer one that works? Each function gives it as it is to be written.

All raise ``ValueError`` for one that does not, whose text explains that to who typed it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dropship.cli.first.hcl import quoted
from dropship.config.addresses import no_name, oddity
from dropship.config.paths import home
from dropship.core.unit_name import UnitName
from dropship.core.values import Duration

Judge = Callable[[str], str]

# More is allowed; this is what needs no quoting in a shell, a path or a URL.
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def text(said: str) -> str:
    """Something that can stand in a configuration, without the white space around it."""
    said = said.strip()
    quoted(said)
    return said


def one_of(*names: str) -> Judge:
    """One of these."""

    def judge(said: str) -> str:
        for name in (said.strip(), said.strip().lower()):
            if name in names:
                return name
        close = get_close_matches(said.strip().lower(), names, 1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        raise ValueError(f'"{said}" is none of {", ".join(names)}{meant}')

    return judge


def name(said: str) -> str:
    """What a service, or a block, is called; a file is called so, too."""
    if not _NAME.fullmatch(said.strip()):
        raise ValueError("a name has letters, digits, - _ and . in it, and begins with none of - .")
    return said.strip()


def variable(said: str) -> str:
    """The name of an environment variable."""
    if not _VARIABLE.fullmatch(said):
        raise ValueError(f'"{said}" cannot be the name of a variable: give its name, not its value')
    return said


def bucket(said: str) -> str:
    """The name of a bucket or container."""
    odd = no_name("bucket", text(said))
    if odd:
        raise ValueError(f"{odd[0]}: {odd[1]}")
    return text(said)


def key(said: str) -> str:
    """What an object of a store is called."""
    if "://" in said:
        raise ValueError("this is an address: write what is behind the bucket, such as web/web.tgz")
    return text(said).removeprefix("/")


def place(said: str) -> str:
    """A path of this host."""
    path = text(said)
    if path.startswith("~/"):
        path = str(home(os.environ, os.geteuid()) / path[2:])
    if not path.startswith("/"):
        raise ValueError("write the whole path, from / on")
    return path


def destination(said: str) -> str:
    """Where a symlink is to be."""
    path = Path(place(said))
    if path == Path("/") or path.is_mount():
        raise ValueError(f"{path} cannot become a symlink: name a place below it")
    return str(path)


def url(said: str) -> str:
    """A whole URL without a login in it."""
    address = text(said)
    odd = oddity("url", address)
    if odd:
        raise ValueError(f"{odd[0]}: {odd[1]}" if odd[1] else odd[0])
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        raise ValueError("begin it with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("leave the login out of it: that is given apart, and kept apart")
    return address


def interval(said: str) -> str:
    """A length of time that is more than none."""
    if Duration.parse(said.strip()).nanoseconds <= 0:
        raise ValueError("an interval is longer than nothing: 30s, 5m, 1h30m")
    return said.strip()


def unit(said: str) -> str:
    """A unit of systemd."""
    return UnitName.parse(said.strip()).text


def redis(said: str) -> str:
    """Where Redis answers."""
    if not said.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(
            "begin it with redis://, with rediss:// for TLS, or with unix:// of a socket"
        )
    return no_login(said)


def no_login(said: str) -> str:
    """An address without a login in it."""
    if "@" in said:
        raise ValueError(
            "leave the login out of it: add user and password to the lock block afterwards, as "
            'file("...")'
        )
    return text(said)


def urls(said: str) -> str:
    """URLs with commas between them."""
    return ",".join(url(one) for one in said.split(","))


def secret(said: str) -> str:
    """A credential."""
    if not said.strip():
        raise ValueError("it is needed; --secret-env and --secret-file say where else it is")
    return said.strip()
