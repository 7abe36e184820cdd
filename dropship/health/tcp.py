"""A port that takes connections: ``health "tcp" { port = 6379 }``."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dropship.core.option import option
from dropship.errors import HealthError
from dropship.net.heed import bounded
from dropship.net.http import NetError

if TYPE_CHECKING:
    from dropship.exec.run import Run


class Port(NamedTuple):
    """A port of TCP."""

    number: int

    @classmethod
    def parse(cls, text: str) -> Port:
        """Read a port.

        Raises:
            ValueError: It is none; the message is for people.
        """
        if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 1 << 16):
            raise ValueError(f'"{text}" is not a port, a number from 1 to 65535')
        return cls(int(text))

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class TcpHealthOptions:
    """Keys of a ``tcp`` health check."""

    port: Port = option(doc="The port.")
    host: str = option("127.0.0.1", doc="Name or address of the host.")


class TcpHealth:
    """Connects, and hangs up."""

    Options = TcpHealthOptions

    def __init__(self, options: TcpHealthOptions) -> None:
        self._host, self._port = options.host.strip().strip("[]"), options.port.number

    def probe(self, run: Run) -> None:
        """Connect once.

        Raises:
            HealthError: Nobody took the connection in time.
        """
        what = self.describe()
        try:
            with bounded(run.watch, run.timeout.seconds, what):
                self._connect(run.timeout.seconds)
        except NetError as error:
            raise HealthError(str(error)) from error
        except TimeoutError as error:
            raise HealthError(f"{what}: no answer in time") from error
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise HealthError(f"{what}: {reason}") from error

    def _connect(self, seconds: float) -> None:
        """To one of the host's addresses, as ``socket.create_connection``.

        That leaves a socket open where ``bounded`` breaks in.
        """
        refused = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM
        ):
            with socket.socket(family, kind, protocol) as one:
                one.settimeout(seconds)
                try:
                    one.connect(address)
                except OSError as error:
                    refused = error
                else:
                    return
        raise refused

    def describe(self) -> str:
        """The address."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"tcp {host}:{self._port}"
