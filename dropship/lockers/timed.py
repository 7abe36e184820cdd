"""A turn that its engine gives for a time only, and that is renewed while it is used."""

from __future__ import annotations

import time
from typing import Protocol

from dropship.core.lease import Term
from dropship.errors import LeaseLostError, LockError


class Grant(Protocol):
    """One turn at its engine; each call asks it once.

    All raise ``LockError`` where it cannot be asked.
    """

    def renew(self) -> bool:
        """Have it for another whole time; False if it is not ours any more."""

    def drop(self) -> None:
        """Give it back, if it still is ours."""


class TimedLease:
    """Implements ``Lease``. ``asked``: when it was asked for (``now()``), before the request.

    Attributes:
        trouble: As in ``Lease``.
    """

    def __init__(self, grant: Grant, *, asked: float, ttl: float, what: str) -> None:
        self._grant = grant
        self._term = Term(asked, ttl)
        self._what = what
        self._lost: LeaseLostError | None = None
        self._again = 0.0
        self.trouble = ""

    def check(self) -> None:
        """Renew if it is time.

        Raises:
            LeaseLostError: The turn is not certain any more.
        """
        moment = now()
        if self._lost is None and moment >= max(self._term.renewed_at, self._again):
            self._renew(moment)
        self._judge()

    def confirm(self) -> None:
        """Renew now; an engine that cannot be asked is believed for as long as it gave.

        Raises:
            LeaseLostError: The turn is not certain.
        """
        if self._lost is None:
            self._renew(now())
        self._judge()

    def release(self) -> None:
        """Give it back.

        Raises:
            LockError: The engine could not be told; the turn runs out by itself.
        """
        gone, self._lost = self._lost, self._lost or LeaseLostError(f"{self._what} was given back")
        if gone is None:
            self._grant.drop()

    def _renew(self, moment: float) -> None:
        try:
            if self._grant.renew():
                self._term, self.trouble = Term(moment, self._term.ttl), ""
            else:
                self._lost = LeaseLostError(f"{self._what} was broken, or ran out at its engine")
        except LockError as error:
            # Not at each look: what is asked again and again is an engine that is in trouble.
            self._again = moment + self._term.ttl / 10
            self.trouble = str(error)

    def _judge(self) -> None:
        if self._lost is None and self._term.left(now()) == 0.0:
            why = self.trouble or "the worker was held up"
            words = f"{self._what} could not be renewed in time: {why}"
            self._lost = LeaseLostError(words)
        if self._lost is not None:
            raise self._lost


def now() -> float:
    """Seconds of a clock that also goes on while the host sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
