"""A holder in a network namespace of its own, which only a bridge leads out of.

``unshare --net python -m tests.lockers.split KIND SOCKET PORT`` takes the turn of an engine that
answers at ``PORT`` of loopback as far as it knows; what it sends there goes through the Unix socket
``SOCKET`` to whoever bridges to the real one. It says ``held`` and, when the turn is not certain any
more, ``lost SECONDS``: when it began to make sure of it for the last time with success. ``down`` on its standard input takes its loopback away, ``up`` brings it back.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dropship.core.values import Duration
from dropship.errors import LeaseLostError
from dropship.lockers import Holder, Locker, Place
from dropship.lockers.consul import ConsulLocker, ConsulLockerOptions
from dropship.lockers.etcd import EtcdLocker, EtcdOptions
from dropship.lockers.redis import RedisLocker, RedisLockerOptions
from dropship.lockers.timed import now
from tests.exec.runs import Watcher

TTLS = {"consul": 10.0, "etcd": 6.0, "redis": 4.0}
_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40  # netdevice(7)


def locker(kind: str, port: int, prefix: str) -> Locker:
    """One over the engine at a port of loopback."""
    place, ttl, address = (
        Place(Path("/nowhere"), "all"),
        Duration.of(TTLS[kind]),
        f"127.0.0.1:{port}",
    )
    if kind == "consul":
        return ConsulLocker(ConsulLockerOptions(address=address, prefix=prefix, ttl=ttl), place)
    if kind == "etcd":
        urls = (f"http://{address}",)
        return EtcdLocker(EtcdOptions(endpoints=urls, prefix=f"/{prefix}", ttl=ttl), place)
    return RedisLocker(RedisLockerOptions(url=f"redis://{address}", prefix=prefix, ttl=ttl), place)


def bridge(listening: socket.socket, connect: Callable[[], socket.socket]) -> None:
    """Pass on what comes, both ways, until the listening socket is closed."""
    with suppress(OSError):
        while True:
            near, _ = listening.accept()
            far = connect()
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(1 << 16):
            other.sendall(piece)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _loopback(*, up: bool) -> None:
    flags = _IFF_UP | _IFF_RUNNING if up else 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))


def _obey() -> None:
    for line in sys.stdin:
        _loopback(up=line.strip() == "up")


def _unix(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(path)
    return made


def main(kind: str, path: str, port: int, prefix: str) -> None:
    """Take the turn, and hold it until it is lost."""
    _loopback(up=True)
    listening = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=bridge, args=(listening, lambda: _unix(path)), daemon=True).start()
    holder = Holder("cut-off", 1, "api", None, time.time())
    lease = locker(kind, port, prefix).acquire("all", 1, holder, timeout=20.0, watch=Watcher())
    print("held", flush=True)
    threading.Thread(target=_obey, daemon=True).start()
    trusted = 0.0
    with suppress(LeaseLostError):
        while True:
            began = now()
            lease.check()
            trusted = began
            time.sleep(0.05)
    print(f"lost {trusted}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
