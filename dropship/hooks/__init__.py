"""What an operator runs around an update: the Protocol, and nothing else.

A backend is a class with the class attributes ``Options`` (its keys, a frozen dataclass of
``option()`` fields) and ``notifies`` (True: it only tells somebody; its failure is passed by
default and it does not run while going back). Its constructor takes an ``Options``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from dropship.core.values import Duration, Strings

if TYPE_CHECKING:
    from dropship.exec.run import Run


class Event(NamedTuple):
    """What a hook may know of the update it runs in: all of it, and no secret.

    ``hash`` is what ``{{.Hash}}`` shows: the installed md5 in ``before``, the new one in
    ``after``. Hashes, release, version and error are empty where there is none.
    """

    service: str
    hostname: str
    update_id: str
    phase: Literal["before", "after", "failed"]
    hash: str = ""
    old_hash: str = ""
    new_hash: str = ""
    release: str = ""
    release_dir: str = ""
    destination: str = ""
    version: str = ""
    error: str = ""
    attempt: int = 1
    rollback: bool = False
    check_interval: Duration = Duration(0)
    update_ttl: Duration = Duration(0)
    sequential: bool = False
    artifact: Strings = Strings()


class Hook(Protocol):
    """One hook."""

    def run(self, event: Event, run: Run) -> None:
        """Do it, once.

        Raises:
            HookPutOffError: It asks to try the whole update later.
            HookError: It failed; the message says how (exit status, timeout, HTTP answer).
        """

    def describe(self, event: Event) -> str:
        """The command or request that ``run`` would make, secrets hidden."""
