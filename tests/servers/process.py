"""Processes of servers: where they are installed, how they start, how they end."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

STARTING = 120.0
"""Seconds that a server may take to answer."""

ENDING = 15.0
"""Seconds between TERM and KILL."""

_LOWEST_PORT = 10_240


def home() -> Path:
    """Where servers that Debian does not carry are installed."""
    if given := os.environ.get("DROPSHIP_TEST_SERVERS"):
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(cache) / "dropship-tests"


def missing(server: str) -> NoReturn:
    """Skip the test by the server's name, or fail it where servers are required."""
    words = f"{server} is not installed: run tests/servers/install"
    if os.environ.get("DROPSHIP_REQUIRE_SERVERS") == "1":
        pytest.fail(words)
    pytest.skip(words)


def free_port() -> int:
    """A port of loopback that is free just now, and that the kernel gives to nobody else.

    Those that it gives away by itself are lent to every outgoing connection: a server that starts
    a little later may find its port taken.
    """
    first_lent = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(_LOWEST_PORT, max(first_lent, _LOWEST_PORT + 1))
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


class Process:
    """One process of a server, its output in a file; ended by its own number."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        log: Path,
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environ or {})},
                cwd=cwd,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Wait until the server is there and is the one that was started."""
        deadline = time.monotonic() + STARTING
        while not answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"the server did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def signal(self, number: int) -> None:
        """Send it a signal; nothing is sent to one that has ended."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """TERM, and KILL if it does not hear."""
        self._process.terminate()
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
