"""How a worker comes into being: a plain fork, cut off from everything that is not its own.

The child has its own session, default signals, no descriptor but the standard ones and those
named, and dies with its parent. It ends only by ``os._exit``: no clean-up of the supervisor's
(``atexit``, ``finally`` further up the stack) ever runs in it.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from dropship.agent.signals import HEEDED
from dropship.linux import process

_FAULT: Final = 70  # EX_SOFTWARE of sysexits.h: a fault of ours
# What whoever started us wants ignored is no wish of the operator's hooks. Python itself wants two
# ignored, so that a reader that has gone and a file that may not grow are errors and no death.
_IGNORED: Final = frozenset(
    number
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}
    if signal.getsignal(number) is signal.SIG_IGN
)

_log = logging.getLogger("dropship.agent")


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was forked. ``pidfd`` is the caller's to close; it outlives PID reuse."""

    pid: int
    pidfd: int


def fork(
    main: Callable[[], int],
    *,
    title: str,
    keep: Collection[int] = (),
    log: logging.LoggerAdapter[logging.Logger] | None = None,
) -> Child:
    """Run ``main`` in a new process whose exit status is what it returns.

    ``keep`` are the descriptors it keeps besides 0, 1 and 2; ``title`` is what ``ps`` shows;
    ``log`` hears of exceptions that nobody has caught.

    Raises:
        OSError: There can be no more processes or descriptors.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    with suppress(OSError):  # then the child has no title
        process.argv()
    # None may reach the child while the supervisor's handlers and wake-up descriptor stand.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
    try:
        pid = os.fork()
        if pid == 0:
            _be_child(main, title, keep, parent, log or _log)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    # A child that has died already is still ours to reap, so its number is still its own.
    try:
        return Child(pid, os.pidfd_open(pid))
    except OSError:
        # No descriptor is left to watch it by, and nobody is to work unwatched.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def _be_child(
    main: Callable[[], int],
    title: str,
    keep: Collection[int],
    parent: int,
    log: logging.Logger | logging.LoggerAdapter[logging.Logger],
) -> None:
    code = _FAULT
    try:
        _cut_off(title, keep)
        process.die_with_parent(parent)
        code = main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else _FAULT
    except BaseException as error:  # nothing may get past this into the parent's code
        log.critical("a fault of dropship itself: %r", error, exc_info=True)
    finally:
        _leave(code)


def _cut_off(title: str, keep: Collection[int]) -> None:
    os.setsid()
    _reset_signals()
    process.close_descriptors({0, 1, 2, *keep})
    _read_nothing()
    # SIGABRT is how the supervisor asks a silent worker where it hangs.
    faulthandler.enable(file=2, all_threads=True)
    process.set_title(title)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in HEEDED | _IGNORED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _read_nothing() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null > 2:
        os.close(null)


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)
