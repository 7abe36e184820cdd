"""``owner`` and ``group`` of artifacts: are they there, and may files be given to them?

Accounts are this host's. Who only validates may be anywhere, so there it is a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Accounts(NamedTuple):
    """What is known of the accounts of this host; ``euid``, ``egid``: whose process this is."""

    user: Callable[[str], int | None]
    group: Callable[[str], int | None]
    euid: int
    egid: int


class Fault(NamedTuple):
    """What is wrong with a key (folded), and what to do."""

    key: str
    message: str
    suggestion: str


def fault(owner: str, group: str, accounts: Accounts) -> Fault | None:
    """What keeps an artifact's files from belonging to whom they shall; None if nothing does."""
    uid = accounts.user(owner) if owner else accounts.euid
    gid = accounts.group(group) if group else accounts.egid
    if uid is None:
        return Fault("owner", f"there is no user {owner} on this host", "add it, or name another")
    if gid is None:
        return Fault("group", f"there is no group {group} on this host", "add it, or name another")
    if accounts.euid != 0 and (uid, gid) != (accounts.euid, accounts.egid):
        return Fault(
            "owner" if uid != accounts.euid else "group",
            "only root can give files to somebody else",
            "run the agent as root, or leave owner and group out",
        )
    return None
