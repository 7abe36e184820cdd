"""Signals as something to select on: handlers only count and wake, the loop does the rest."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final

HEEDED: Final = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD}
)
"""What a supervisor heeds."""


class Signals:
    """Takes signals over while the ``with`` block lasts; ``fileno`` is readable when one came."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._came: Counter[int] = Counter()
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._note) for number in numbers}

    def taken(self) -> Counter[int]:
        """How often each signal came since the last call; the kernel may have merged some."""
        # The pipe only wakes: a storm may fill it, and a stop must not be lost in that.
        with suppress(BlockingIOError):
            while os.read(self._read, 4096):
                pass
        came, self._came = self._came, Counter()
        return came

    def fileno(self) -> int:
        """The descriptor to select on."""
        return self._read

    def __enter__(self) -> Signals:  # noqa: PYI034 - typing.Self is 3.11's
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(self._before_fd)
        os.close(self._read)
        os.close(self._write)

    def _note(self, number: int, _frame: object) -> None:
        self._came[number] += 1
