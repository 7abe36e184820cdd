"""A network that is split: nothing comes through any more, and nobody is told so."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dropship.lockers import Holder
from dropship.lockers.timed import now
from tests.exec.runs import Watcher
from tests.lockers.split import TTLS, bridge, locker

pytestmark = [pytest.mark.endurance, pytest.mark.root]


@pytest.mark.parametrize("kind", TTLS)
def test_holder_that_is_cut_off_stops_trusting_its_turn_before_anybody_else_has_it(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """Packets of its namespace vanish; the engine and all others are well."""
    engine = request.getfixturevalue(kind)
    port = engine.members[0].port if kind == "etcd" else engine.port
    if kind == "redis":
        engine.settle(TTLS[kind])
    path, prefix = tmp_path / "bridge", f"split-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        there = ("127.0.0.1", port)
        arguments = (listening, lambda: socket.create_connection(there))
        threading.Thread(target=bridge, args=arguments, daemon=True).start()
        words = ["unshare", "--net", sys.executable, "-m", "tests.lockers.split"]
        with subprocess.Popen(
            [*words, kind, str(path), str(port), prefix],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdin is not None
            assert holder.stdout is not None
            try:
                assert holder.stdout.readline() == "held\n"
                began = now()
                holder.stdin.write("down\n")
                holder.stdin.flush()
                me = Holder("web-02", 2, "api", None, time.time())
                mine = locker(kind, port, prefix)
                lease = mine.acquire("all", 1, me, timeout=60.0, watch=Watcher())
                taken = now()
                word, _, lost = holder.stdout.readline().partition(" ")
                assert word == "lost"
                assert float(lost) < taken
                # Its last renewal may be a third of the time ago.
                assert taken - began > TTLS[kind] * 0.6
                lease.confirm()
                lease.release()
                mine.close()
            finally:
                holder.kill()
