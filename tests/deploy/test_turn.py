"""The turn of a service, and the fleet's marks beside it."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

from dropship.core.blame import Blame, marking_host
from dropship.core.values import Md5
from dropship.deploy.turn import Turn
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host


def test_bytes_that_the_fleet_marked_are_put_down_to_the_host_that_did(tmp_path: Path) -> None:
    """Its name is found in what the driver says."""
    host = Host(tmp_path)
    turns = 'lock = "file"\n sequentialUpdates = true'
    host.configure(host.service(turns), main=f'lock "file" {{ path = "{tmp_path}/locks" }}')
    host.publish({"version": "1"})
    published = (host.store / "app.tar.gz").read_bytes()
    made = rig(host.config)
    Turn(made).mark(Md5(hashlib.md5(published).hexdigest()), "health http 502")
    state = drive(made, Desk()).state
    assert state.blame is Blame.FLEET_FAILED
    assert marking_host(state.trouble or "") == socket.gethostname()
