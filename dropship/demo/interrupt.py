"""Ctrl-C and its like: the first one ends the story, later ones do not disturb the clearing up."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Final

from dropship.errors import InterruptedByStop

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Hears signals while the ``with`` block lasts; raises ``InterruptedByStop`` at the first.

    Attributes:
        number: The signal that came first; None if none did.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._held = False
        self._before: dict[signal.Signals, object] = {}

    def hold(self) -> None:
        """From now on nothing is interrupted any more."""
        self._held = True

    def __enter__(self) -> Interrupts:  # noqa: PYI034 - typing.Self is 3.11's
        for one in _SIGNALS:
            # Whoever runs us under nohup means that a hang-up is not for us.
            if signal.getsignal(one) is not signal.SIG_IGN:
                self._before[one] = signal.signal(one, self._heard)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)  # type: ignore[arg-type]  # what signal() itself gave

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self._held:
            return
        self._held = True
        self.number = number
        raise InterruptedByStop
