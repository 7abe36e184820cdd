"""The account that a command runs as, where it is not the agent's own."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass

from dropship.errors import HookError


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this host; ``other``: the agent has to switch to it."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    environ: Mapping[str, str]
    other: bool


def find(name: str) -> Account:
    """Look up an account.

    Raises:
        HookError: There is none of that name, or the agent may not become it.
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise HookError(f"there is no user {name} on this host") from error
    if os.geteuid() not in {0, entry.pw_uid}:
        raise HookError(
            f"the command cannot be run as {name}",
            cure="run the agent as root, or leave `user` out",
        )
    return Account(
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        groups=tuple(os.getgrouplist(name, entry.pw_gid)),
        environ={
            "HOME": entry.pw_dir or "/",
            "USER": name,
            "LOGNAME": name,
            "SHELL": entry.pw_shell or "/bin/sh",
        },
        other=os.geteuid() != entry.pw_uid,
    )
