"""Whom unpacked files belong to: ``owner`` and ``group`` of an artifact, as numbers.

Names are looked up by the worker, before there is an unpacker: behind its walls there is no
``/etc/passwd``. Nothing is ever given away afterwards: the unpacker works as the owner.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dropship.errors import ConfigError, StageError
from dropship.linux import accounts


@dataclass(frozen=True, slots=True)
class Account:
    """A user and a group, by number."""

    uid: int
    gid: int


def find(owner: str, group: str) -> Account | None:
    """The account that two settings mean; None where files are this process's anyway.

    An owner without a group has the group that it logs in with; a number that no account has,
    and a group without an owner, leave the other half as it is.

    Raises:
        ConfigError: There is no such user or group, or this process may give nothing to it.
    """
    uid = _known(accounts.user(owner), f"user {owner}") if owner else os.geteuid()
    gid = _known(accounts.group(group), f"group {group}") if group else None
    if gid is None:
        own = accounts.own_group(uid) if owner else None
        gid = os.getegid() if own is None else own
    if (uid, gid) == (os.geteuid(), os.getegid()):
        return None
    if os.geteuid() != 0:
        whom = " and ".join(
            f"{key} {name}" for key, name in (("user", owner), ("group", group)) if name
        )
        raise ConfigError(
            f"files cannot be given to {whom}",
            cure="run the agent as root, or leave `owner` and `group` out",
        )
    return Account(uid, gid)


def give(path: Path, account: Account | None) -> None:
    """Let a file or folder belong to an account.

    Raises:
        StageError: This process may not.
    """
    if account is None:
        return
    try:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except PermissionError as error:
        raise StageError(
            f"{path} cannot be given to user {account.uid}: {error.strerror}",
            cure="let the agent have CAP_CHOWN, or leave `owner` and `group` out",
        ) from error


def of_folder(path: Path) -> Account | None:
    """Whom a folder belongs to that root has just made; None if to root, or this is not root.

    Some file systems say so themselves (CIFS, 9p, NFS that squashes root). Root writes there by
    CAP_DAC_OVERRIDE, which the unpacker gives away.
    """
    found = path.stat()
    if os.geteuid() != 0 or found.st_uid == 0:
        return None
    return Account(found.st_uid, found.st_gid)


def _known(number: int | None, what: str) -> int:
    if number is None:
        raise ConfigError(f"there is no {what} on this host", cure="add it, or name another one")
    return number
