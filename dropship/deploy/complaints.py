"""What the log says of checks that come to nothing: the same once an hour, and when it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from dropship.core import events as on

_SAME_EVERY: Final = 3600.0
_REMEMBERED: Final = 64


class Complaints:
    """Remembers what was said.

    A store that answers again is told once, and only if the log knows of its failing. From there
    on the same failure is news even within the hour, unless it is a single check's: a store that
    fails every other time fills no log.
    """

    def __init__(
        self,
        log: logging.LoggerAdapter[logging.Logger],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._clock = clock
        self._said: dict[str, float] = {}
        self._store_fails = False
        self._in_a_row = 0

    def heed(self, event: on.Event) -> None:
        """Say of an event what is to be said."""
        if isinstance(event, on.TokenSeen):
            self._answers()
        elif isinstance(event, on.StoreFailed):
            self._in_a_row += 1
            news = self._in_a_row > 1 and not self._store_fails
            self._store_fails |= self.say(event.error, news=news)
        elif isinstance(event, (on.StageFailed, on.TurnFailed)):
            self.say(event.error)

    def say(self, complaint: str, *, news: bool = False) -> bool:
        """Say it, unless it was said within the hour and is no ``news``; whether it was said now."""
        now = self._clock()
        at = self._said.get(complaint)
        if at is not None and now - at < _SAME_EVERY and not news:
            self._log.debug("%s", complaint)
            return False
        self._said.pop(complaint, None)
        self._said[complaint] = now
        if len(self._said) > _REMEMBERED:
            del self._said[next(iter(self._said))]
        self._log.warning("%s", complaint)
        return True

    def _answers(self) -> None:
        self._in_a_row = 0
        if self._store_fails:
            self._store_fails = False
            self._log.info("the store answers again")
