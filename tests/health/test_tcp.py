"""Ports, looked at over real sockets."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dropship.errors import HealthError
from dropship.health.tcp import Port, TcpHealth, TcpHealthOptions
from tests.exec.runs import Runner
from tests.servers.process import free_port


def check(port: int, **keys: Any) -> TcpHealth:
    """A check of a port."""
    return TcpHealth(TcpHealthOptions(port=Port(port), **keys))


def probe(made: TcpHealth, timeout: float = 5) -> None:
    """Look once."""
    made.probe(Runner(timeout=timeout).run())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", " 127.0.0.1 "])
def test_port_that_takes_connections_is_good(host: str) -> None:
    """By address or by name."""
    name = host.strip(" []")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    with socket.create_server(
        ("127.0.0.1" if name == "localhost" else name, 0), family=family
    ) as one:
        probe(check(one.getsockname()[1], host=host))
        probe(check(one.getsockname()[1], host=host))


def test_nobody_there_is_told_with_the_address() -> None:
    """And what the system says."""
    port = free_port()
    with pytest.raises(HealthError) as caught:
        probe(check(port))
    assert str(caught.value) == f"tcp 127.0.0.1:{port}: Connection refused"


def test_name_that_nobody_knows_is_told() -> None:
    """No traceback of a resolver."""
    with pytest.raises(HealthError, match=r"tcp no-such\.invalid:80: "):
        probe(check(80, host="no-such.invalid"))
    with pytest.raises(HealthError, match="tcp a"):
        probe(check(80, host="a" * 80 + ".invalid"))


def test_port_that_answers_nothing_is_not_waited_for() -> None:
    """A backlog that is full: the kernel drops what comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = []
        for _ in range(8):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(address)
        try:
            with pytest.raises(HealthError, match="no answer in time"):
                probe(check(address[1]), timeout=0.3)
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "", "80.5", "99999999999"])
def test_what_is_no_port_is_refused(text: str) -> None:
    """When it is read."""
    with pytest.raises(ValueError, match="is not a port"):
        Port.parse(text)


def test_address_is_described_as_it_is_written_elsewhere() -> None:
    """``[::1]:80``."""
    assert check(80, host="::1").describe() == "tcp [::1]:80"
    assert check(6379).describe() == "tcp 127.0.0.1:6379"
