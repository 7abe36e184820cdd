"""How a process ended, in words."""

from __future__ import annotations

import os
import signal


def ending(code: int, status: int) -> str:
    """``code`` and ``status`` as ``os.waitid`` gives them (``si_code``, ``si_status``)."""
    if code == os.CLD_EXITED:
        return f"exited with status {status}"
    dumped = " (core dumped)" if code == os.CLD_DUMPED else ""
    return f"killed by {signal_name(status)}{dumped}"


def signal_name(number: int) -> str:
    """``SIGKILL``, ``SIGRTMIN+3``, or the number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        if signal.SIGRTMIN < number < signal.SIGRTMAX:
            return f"SIGRTMIN+{number - signal.SIGRTMIN}"
        return f"signal {number}"
