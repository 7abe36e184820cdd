"""Users and groups of this host, by name or by number, as chown(1) takes them: a name first."""

from __future__ import annotations

import grp
import pwd
from typing import Final

# (uid_t) -1 means "leave it as it is" to chown(2) and setresuid(2), so it is nobody's.
_NOBODYS: Final = (1 << 32) - 1


def user(name: str) -> int | None:
    """The number of a user; None if there is none of that name."""
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):  # ValueError: a name with a NUL in it
        return _number(name)


def group(name: str) -> int | None:
    """The number of a group; None if there is none of that name."""
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        return _number(name)


def own_group(uid: int) -> int | None:
    """The group that a user logs in with; None for a number without an account."""
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return None


def _number(text: str) -> int | None:
    sound = text.isascii() and text.isdigit() and len(text) <= 10
    return int(text) if sound and int(text) < _NOBODYS else None
