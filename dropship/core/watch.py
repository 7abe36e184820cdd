"""How anything that takes long stays attentive: the port between long work and whoever drives it.

A worker is one thread. While it downloads, waits for a hook or for its turn, it must still beat
its heart, keep its lease, read its channel and notice a stop. Whatever may take longer than a
second is therefore handed a ``Watch`` and calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """What is going on inside a long step, for ``status`` and progress bars.

    Attributes:
        done: Bytes downloaded so far.
        total: Bytes in all, where the store told.
        waiting_for: Who holds the turn that is waited for.
        note: Anything else, in words (``health: 2 of 3, 12 s left``).
    """

    done: int = 0
    total: int | None = None
    waiting_for: tuple[str, ...] = ()
    note: str = ""


class Watch(Protocol):
    """Attention during long work.

    ``look`` and ``wait`` raise ``errors.InterruptedByStop`` when the work must end at once, and
    ``errors.LeaseLostError`` never: a lost lease is judged at the points that update.md names.
    """

    def look(self) -> None:
        """Beat the heart, keep the lease, read the channel; call at least once a second."""

    def wait(self, seconds: float) -> None:
        """Sleep, attentively."""

    def report(self, progress: Progress) -> None:
        """Say how far the work is; cheap, call as often as you like."""
