"""Takes turns by our locker, as ``main.go`` does by HashiCorp's client.

``python -m tests.interop.ours NAME ADDRESS PREFIX LIMIT TURNS HOLD TTL LOG``: PREFIX is that of the
lock, HOLD and TTL are in seconds.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from dropship.core.values import Duration
from dropship.errors import LeaseLostError
from dropship.lockers import Holder, Place
from dropship.lockers.consul import ConsulLocker, ConsulLockerOptions
from tests.exec.runs import Watcher


def main() -> int:
    """Begin when a line comes on stdin; 2 if a turn was lost."""
    name, address, prefix, limit, turns, hold, ttl, log = sys.argv[1:]
    options = ConsulLockerOptions(address=address, prefix=prefix, ttl=Duration.of(float(ttl)))
    locker = ConsulLocker(options, Place(Path(), "all"))
    holder = Holder(name, os.getpid(), "api", None, time.time())
    out = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o644)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(turns)):
        lease = locker.acquire("all", int(limit), holder, timeout=600.0, watch=Watcher())
        os.write(out, f"begin {name}\n".encode())
        until = time.monotonic() + float(hold)
        try:
            while (left := until - time.monotonic()) > 0:
                lease.check()
                time.sleep(min(left, 0.2))
            lease.check()
        except LeaseLostError:
            os.write(out, f"lost {name}\n".encode())
            return 2
        os.write(out, f"end {name}\n".encode())
        lease.release()
        time.sleep(5 * float(hold))
    return 0


if __name__ == "__main__":
    sys.exit(main())
