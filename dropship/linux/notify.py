"""Telling the service manager how we are: systemd's notification protocol, and nothing more.

A datagram of ``KEY=value`` lines to the socket that ``NOTIFY_SOCKET`` names (sd_notify(3)). Without
that variable everything here does nothing. A manager that does not listen is no reason to fail.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from dropship.core.values import Duration


class Notifier:
    """The way to the service manager; never blocks and never raises."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def ready(self, status: str) -> None:
        """Up and running, or done with reloading."""
        self._send("READY=1", f"STATUS={_line(status)}")

    def reloading(self) -> None:
        """The configuration is being read again; ``ready`` ends it."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def stopping(self, status: str) -> None:
        """Going down."""
        self._send("STOPPING=1", f"STATUS={_line(status)}")

    def status(self, status: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={_line(status)}")

    def alive(self) -> None:
        """The watchdog's sign of life."""
        self._send("WATCHDOG=1")

    def extend(self, by: Duration) -> None:
        """Ask for more time to stop."""
        self._send(f"EXTEND_TIMEOUT_USEC={by.nanoseconds // 1000}")

    def close(self) -> None:
        """Say no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def fileno(self) -> int | None:
        """The socket's descriptor, if there is one."""
        return None if self._socket is None else self._socket.fileno()

    def _send(self, *lines: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError:
            # The manager restarts or is slow: the next message tells the same again.
            return


def watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds between two signs of life that the manager wants of ``pid``: half of its limit.

    None if it wants none (sd_watchdog_enabled(3)).
    """
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    return int(microseconds) / 2e6


def _address(name: str) -> bytes | None:
    if name.startswith("@"):
        # An abstract socket: the name begins with a NUL byte, which no variable can hold.
        return b"\0" + os.fsencode(name[1:])
    return os.fsencode(name) if name.startswith("/") else None


def _line(text: str) -> str:
    return text.replace("\n", " ")
