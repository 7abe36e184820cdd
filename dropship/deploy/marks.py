"""What a fleet remembers against the artifacts of a service, and how an operator has it forgotten.

The fleet keeps marks by digest, and over all services of a lock unless it is ``perService``. So only
digests that this service is known by are asked for: nobody else's are lifted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from dropship.config.model import ServiceConfig
from dropship.core.blame import failed_on
from dropship.core.saved import Saved
from dropship.core.values import Md5
from dropship.deploy.rig import Rig
from dropship.errors import RepoError, UsageError
from dropship.lockers import Mark

_DAY: float = 86400.0


def see(service: ServiceConfig) -> None:
    """See that a service takes turns: where none are taken the fleet remembers nothing.

    Raises:
        UsageError: It takes none.
    """
    if service.lock is None:
        name = service.name
        raise UsageError(
            f"{name} takes no turns, so no other host keeps away from what failed here",
            cure=f"dropship retry {name} lifts its quarantine",
        )


def lift(rig: Rig, saved: Saved, look: Callable[[], None] = lambda: None) -> str:
    """Have the fleet forget what it has against the artifacts of a service; what came of it, in words.

    Those are what the store has now, what was seen of it before, and what is in quarantine here.
    ``look``: called between requests.

    Raises:
        LockError: The engine could not be asked; some marks may be lifted already.
    """
    locker = rig.locker
    if locker is None:
        return "it takes no turns"
    lifted: list[str] = []
    for md5 in dict.fromkeys(_known(rig, saved)):
        look()
        mark = locker.marks.get(rig.scope, md5)
        if mark is not None:
            locker.marks.clear(rig.scope, md5)
            lifted.append(told(mark))
    if not lifted:
        return "the fleet had nothing against it"
    return f"the fleet forgets: {', '.join(lifted)}"


def told(mark: Mark) -> str:
    """A mark in words; the day is told where it is not the last one."""
    near = abs(time.time() - mark.since) < _DAY
    at = time.strftime("%H:%M" if near else "%Y-%m-%d %H:%M", time.localtime(mark.since))
    return failed_on(mark.host, at, mark.error)


def _known(rig: Rig, saved: Saved) -> Iterator[Md5]:
    # A store that cannot be asked now was asked before: what it had is among the others.
    with suppress(RepoError):
        found = rig.source.find(saved.pinned)
        if found.md5 is not None:
            yield found.md5
    yield from (one.md5 for one in saved.quarantine)
    yield from (one.md5 for one in saved.tokens)
