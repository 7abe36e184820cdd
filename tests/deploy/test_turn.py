"""The turn of a service, and the fleet's marks beside it."""

from __future__ import annotations

import hashlib
import shutil
import socket
from pathlib import Path

from dropship.core.blame import Blame, marking_host
from dropship.core.values import Md5
from dropship.deploy.desk import RetryInFleet, Verdict
from dropship.deploy.rig import Rig
from dropship.deploy.turn import Turn
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host

OTHER = Md5("0" * 32)


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


def test_mark_against_bytes_that_run_here_is_no_complaint(tmp_path: Path) -> None:
    """They failed on another host; here they do what they should."""
    host, made = _marked(tmp_path)
    state = drive(made, Desk()).state
    assert (state.trouble, state.blame) == (None, None)
    assert host.version() == "1"


def test_retry_for_the_fleet_lifts_marks_of_this_service_only(tmp_path: Path) -> None:
    """A lock may be over many services, whose digests nobody here knows."""
    host, made = _marked(tmp_path)
    Turn(made).mark(OTHER, "health http 502")
    host.publish({"version": "2"})
    Turn(made).mark(_md5(host), "health http 503")
    assert drive(made, Desk()).state.blame is Blame.FLEET_FAILED
    desk = Desk(first=(RetryInFleet(),))
    state = drive(made, desk).state
    assert (state.trouble, host.version()) == (None, "2")
    ((_, retried),) = desk.answers
    assert retried.verdict is Verdict.GOOD
    assert retried.words.startswith("nothing is in quarantine here any more; the fleet forgets: ")
    assert "health http 503" in retried.words
    assert made.locker is not None
    assert made.locker.marks.get("file", OTHER) is not None
    assert made.locker.marks.get("file", _md5(host)) is None


def test_retry_for_the_fleet_changes_nothing_here_where_the_engine_cannot_be_asked(
    tmp_path: Path,
) -> None:
    """Else the others would stay away from what is tried again here."""
    _, made = _marked(tmp_path)
    shutil.rmtree(tmp_path / "locks")
    (tmp_path / "locks").write_text("no folder")
    desk = Desk(first=(RetryInFleet(),))
    drive(made, desk)
    ((_, answer),) = desk.answers
    assert answer.verdict is Verdict.FAILED
    assert "locks" in answer.words


def _marked(folder: Path) -> tuple[Host, Rig]:
    """A host that runs version 1, which another one marked."""
    host = Host(folder)
    turns = 'lock = "file"\n sequentialUpdates = true'
    host.configure(host.service(turns), main=f'lock "file" {{ path = "{folder}/locks" }}')
    host.publish({"version": "1"})
    made = rig(host.config)
    assert drive(made, Desk()).state.trouble is None
    Turn(made).mark(_md5(host), "health http 502")
    return host, made


def _md5(host: Host) -> Md5:
    return Md5(hashlib.md5((host.store / "app.tar.gz").read_bytes()).hexdigest())
