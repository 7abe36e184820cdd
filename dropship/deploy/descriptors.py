"""Whether this process can open files at all: one that cannot does nothing right any more."""

from __future__ import annotations

import errno
import os
import resource
from typing import Final

from dropship.errors import StateError

# No update does with less: a lock, the artifact, both pipes of an unpacker.
_ROOM: Final = 8


def see_room() -> None:
    """Make sure that so many files can be opened as an update needs at least.

    The whole system having no more (``ENFILE``) is another matter: a new process would not help.

    Raises:
        StateError: This process has too many open.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        # Without the listing's own. A path for each would cost more than all the rest of it.
        used = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - see above
    except OSError as error:
        if error.errno != errno.EMFILE:
            return
        used = limit
    if limit != resource.RLIM_INFINITY and used + _ROOM > limit:
        raise StateError(
            "too many files are open, and no more can be",
            cure="raise `nofile` of `worker`, or the limit of the agent, if this comes again",
        )
