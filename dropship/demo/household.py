"""Every process that the demo has started, and every one that those have: found, and ended.

The demo adopts its orphans: a daemon that a hook leaves behind becomes its child, where it would
become init's otherwise. So the kernel knows at any time who is left, and nobody is forgotten,
whatever moment we were interrupted in.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final

import psutil

from dropship.linux import pidfd, process

# An update under way is finished first; the demo's takes some seconds even if it is taken back.
_AGENT_SECONDS: Final = 20.0
_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """Who ran, and who of them could not be ended."""

    ended: tuple[int, ...]
    left: tuple[int, ...]


def gather() -> None:
    """Be the parent of every orphan from now on.

    Raises:
        OSError: The kernel will not have it.
    """
    process.adopt_orphans()


def members() -> tuple[int, ...]:
    """Who runs now."""
    found = psutil.Process().children(recursive=True)
    return tuple(sorted(one.pid for one in found if _lives(one)))


def end(agent: int | None) -> Ended:
    """End the agent, which ends its workers, then everybody else."""
    ran = members()
    # The agent first: it would start its workers again.
    if agent in ran:
        _end([agent], _AGENT_SECONDS)
    _end(members(), _SECONDS)
    left = members()
    _bury()
    return Ended(tuple(one for one in ran if one not in left), left)


def _end(pids: Iterable[int], seconds: float) -> None:
    """TERM, and KILL to those that it does not move."""
    with ExitStack() as stack:
        found = []
        for pid in pids:
            with suppress(ProcessLookupError):
                found.append(os.pidfd_open(pid))
                stack.callback(os.close, found[-1])
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, _SECONDS)):
            deadline = time.monotonic() + patience
            found = [one for one in found if not pidfd.wait(one, 0)]
            for one in found:
                with suppress(ProcessLookupError, PermissionError):
                    signal.pidfd_send_signal(one, number)
            for one in found:
                pidfd.wait(one, deadline - time.monotonic())


def _lives(one: psutil.Process) -> bool:
    try:
        return bool(one.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _bury() -> None:
    """Reap who has ended, so that not even a zombie is left."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
