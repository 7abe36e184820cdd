"""Whose agent it is: the account that it runs under, and whether this process can see as it does."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

_ROOT = 0


@dataclass(frozen=True, slots=True)
class Who:
    """An account of this host; ``gids``: its own group first."""

    uid: int
    gids: tuple[int, ...]
    name: str
    home: str

    @classmethod
    def of(cls, uid: int) -> Who:
        """The account of a number."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            return cls(uid, (uid,), f"uid {uid}", "/")
        others = [
            one for one in os.getgrouplist(entry.pw_name, entry.pw_gid) if one != entry.pw_gid
        ]
        return cls(uid, (entry.pw_gid, *others), entry.pw_name, entry.pw_dir)

    @classmethod
    def named(cls, name: str) -> Who | None:
        """The account of a name or number, as systemd's ``User=`` has it."""
        try:
            return cls.of(pwd.getpwnam(name).pw_uid)
        except KeyError:
            return cls.of(int(name)) if name.isdecimal() else None

    @property
    def here(self) -> bool:
        """Whether this process runs under it."""
        return self.uid == os.geteuid()

    @property
    def reachable(self) -> bool:
        """Whether this process can see what it sees."""
        return self.here or os.geteuid() == _ROOT

    def become(self) -> None:
        """Be it from here on, where that can be.

        Raises:
            OSError: It cannot.
        """
        if not self.here and self.reachable:
            os.setgroups(self.gids)
            os.setresgid(*(self.gids[0],) * 3)
            os.setresuid(*(self.uid,) * 3)
