"""The service manager's protocol, against a real socket."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dropship.core.values import Duration
from dropship.linux.notify import Notifier, watchdog_interval


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    """A service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(10)
        yield listening


@pytest.mark.parametrize(
    ("say", "heard"),
    [
        (lambda n: n.ready("3 services"), r"READY=1\nSTATUS=3 services"),
        (lambda n: n.reloading(), r"RELOADING=1\nMONOTONIC_USEC=\d+"),
        (lambda n: n.stopping("bye"), r"STOPPING=1\nSTATUS=bye"),
        (lambda n: n.status("two\nlines"), r"STATUS=two lines"),
        (lambda n: n.alive(), r"WATCHDOG=1"),
        (lambda n: n.extend(Duration.of(1.5)), r"EXTEND_TIMEOUT_USEC=1500000"),
    ],
)
def test_message_is_one_datagram(
    tmp_path: Path, manager: socket.socket, say: Callable[[Notifier], None], heard: str
) -> None:
    """Each message as sd_notify(3) has it."""
    manager.bind(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    say(notifier)
    notifier.close()
    assert re.fullmatch(heard, manager.recv(4096).decode())


def test_abstract_socket_is_reached(manager: socket.socket) -> None:
    """A name that begins with ``@`` stands for a socket without a file."""
    manager.bind("")  # the kernel chooses an abstract name
    name = manager.getsockname()[1:].decode()
    notifier = Notifier({"NOTIFY_SOCKET": f"@{name}"})
    notifier.alive()
    notifier.close()
    assert manager.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "x"}]
)
def test_nobody_listening_is_no_reason_to_fail(environ: dict[str, str]) -> None:
    """Without a manager nothing happens."""
    notifier = Notifier(environ)
    notifier.ready("x")
    notifier.close()
    notifier.alive()


def test_manager_that_does_not_read_blocks_nobody(tmp_path: Path, manager: socket.socket) -> None:
    """When its socket is full, messages are dropped."""
    manager.bind(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    for _ in range(10_000):
        notifier.alive()
    notifier.close()


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_signs_of_life_come_twice_in_the_managers_limit(
    environ: dict[str, str], interval: float | None
) -> None:
    """Half of WATCHDOG_USEC, if it is meant for us."""
    assert watchdog_interval(environ, 7) == interval
