"""Whether this process can open files at all: one that cannot does nothing right any more."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
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
    try:
        with ExitStack() as opened:
            for _ in range(_ROOM):
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        if error.errno == errno.EMFILE:
            raise StateError(
                "too many files are open, and no more can be",
                cure="raise `nofile` of `worker`, or the limit of the agent, if this comes again",
            ) from error
