"""How a process ended, in words, and what is to be said of a worker that did."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def ending(code: int, status: int) -> str:
    """``code`` and ``status`` as ``os.waitid`` gives them (``si_code``, ``si_status``)."""
    if code == os.CLD_EXITED:
        return f"exited with status {status}"
    dumped = " (core dumped)" if code == os.CLD_DUMPED else ""
    return f"killed by {signal_name(status)}{dumped}"


def fate(how: str, deaths: int, wait: float | None) -> str:
    """``killed by SIGSEGV while staging, 3rd time, next try in 4 s``.

    ``deaths`` in quick succession, this one included; ``wait`` in seconds, where there is a next.
    """
    times = f", {_ordinal(deaths)} time" if deaths > 1 else ""
    again = "" if wait is None else f", next try in {max(1, round(wait))} s"
    return f"{how}{times}{again}"


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else _ENDINGS.get(number % 10, 'th')}"


_ENDINGS: Final[Mapping[int, str]] = MappingProxyType({1: "st", 2: "nd", 3: "rd"})


def signal_name(number: int) -> str:
    """``SIGKILL``, ``SIGRTMIN+3``, or the number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        if signal.SIGRTMIN < number < signal.SIGRTMAX:
            return f"SIGRTMIN+{number - signal.SIGRTMIN}"
        return f"signal {number}"
