"""Looking around in the middle of a call that blocks: a server may say nothing for long.

``stallTimeout`` of a store, ``timeout`` of a hook may be longer than the silence that the supervisor
puts up with (``watchdog``). A timer's signal interrupts the call, Python runs the handler and goes on
with the call (PEP 475); if the handler raises, the call is over.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

from dropship.net.http import NetError

if TYPE_CHECKING:
    from dropship.core.watch import Watch

_EVERY_SECONDS: Final = 2.0


class Heed:
    """Calls ``look`` every two seconds, or ``every`` so many, while something blocks.

    Use it in a ``with``. In a thread that is not the main one there are no signals, and nothing is
    called.
    """

    def __init__(self, look: Callable[[], None], every: float | None = None) -> None:
        self._look = look
        self._every = _EVERY_SECONDS if every is None else every
        self._since: float | None = None
        self._before: tuple[float, float, float] | None = None
        self._handler: object = None

    def __enter__(self) -> Heed:  # noqa: PYI034 - Self needs Python 3.11
        try:
            self._handler = signal.signal(signal.SIGALRM, self._ring)
        except ValueError:
            return self
        left, again = signal.setitimer(signal.ITIMER_REAL, self._every, self._every)
        self._before = (time.monotonic(), left, again)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            return
        began, left, again = self._before
        if left:  # somebody else's timer goes on
            left = max(0.001, left - (time.monotonic() - began))
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler)  # type: ignore[arg-type] # what signal gave
        signal.setitimer(signal.ITIMER_REAL, left, again)

    @contextmanager
    def blocking(self) -> Iterator[None]:
        """Within this, ``look`` is called, and may raise."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        # What has only just begun does not block; whoever called it looks around by himself.
        if self._since is not None and time.monotonic() - self._since > self._every / 2:
            self._look()


@contextmanager
def limited(
    seconds: float, error: Callable[[], Exception], look: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """All that happens within this is over after ``seconds``, wherever it is then.

    A server's silence can be bounded for each read alone; one that sends a byte now and then would
    keep us for ever. ``error`` is what is raised, every second anew for who does not let it pass;
    ``look`` is called until then.
    """
    until = time.monotonic() + seconds

    def ring() -> None:
        look()
        if time.monotonic() >= until:
            raise error()

    with Heed(ring, min(1.0, seconds)) as heed, heed.blocking():
        yield


@contextmanager
def bounded(watch: Watch, seconds: float, what: str) -> Iterator[None]:
    """As ``limited``, attentively.

    Raises:
        NetError: It took longer; ``what`` says what was asked.
    """
    watch.look()
    with limited(seconds, lambda: NetError(f"{what}: no answer in time"), watch.look):
        yield
