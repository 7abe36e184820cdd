"""A turn that is lost while its holder is busy: it finishes, says so, and keeps nothing that is gone."""

from __future__ import annotations

import os
import signal

import pytest

from dropship.agent.answers import seconds_of
from tests.cli.documents import document
from tests.e2e.host import Host, eventually

_LOCK = 'lock "file" {}'


def _waits(host: Host) -> str:
    """A hook that says when it begins and ends, and waits for its gate in between."""
    wait = f"until test -e {host.folder}/gate; do sleep 0.02; done"
    return f"{host.mark('here')}; {wait}; {host.mark('over')}"


def _waiting(host: Host, more: str = "") -> None:
    """Have an update wait in its ``after`` hook, with its turn."""
    turns = f'sequentialUpdates = true\n  lock = "file"\n  {more}'
    host.configure(
        host.service(f'{turns}\n  after "script" {{ command = "{_waits(host)}" }}'), main=_LOCK
    )
    host.publish({"version": "1"})
    host.start()
    eventually(lambda: host.marked() == ["here"], host.said)


def _broken(host: Host) -> None:
    assert "broke the turn of" in host.run("lock", "break", "file").stdout


def test_turn_that_is_lost_is_shown_as_such_and_not_kept(host: Host) -> None:
    """Not held any more, why, and no ``updateTTL`` of a turn that is somebody else's."""
    _waiting(host, 'updateTTL = "1h"')
    turn = host.services()["app"]["turn"]
    (holder,) = document("lock", host.run("lock", "ls", "--format", "json").stdout)[0]["holders"]
    assert (turn["held"], turn["since"]) == (True, holder["since"])
    _broken(host)
    eventually(lambda: host.services()["app"]["turn"] is None, host.said)
    assert "the turn is lost: " in host.worker()["note"]
    (host.folder / "gate").touch()
    host.until_version("1")
    eventually(lambda: host.services()["app"]["state"] == "idle", host.said)
    (row,) = host.history()
    assert row["outcome"] == "updated"
    assert "the turn was lost meanwhile" in row["error"]


def test_turn_that_is_lost_while_the_worker_stands_still_is_told_by_the_history(host: Host) -> None:
    """Also where everything is over before it could look again."""
    _waiting(host)
    worker = host.pid()
    os.kill(worker, signal.SIGSTOP)
    try:
        _broken(host)
        (host.folder / "gate").touch()
        eventually(lambda: host.marked() == ["here", "over"], host.said)
    finally:
        os.kill(worker, signal.SIGCONT)
    host.until_version("1")
    (row,) = host.history()
    assert "the turn was lost meanwhile" in row["error"]


def test_turn_that_is_kept_is_shown_with_when_the_store_is_asked_again(host: Host) -> None:
    """After ``updateTTL``; not now."""
    host.configure(
        host.service('sequentialUpdates = true\n  lock = "file"\n  updateTTL = "1h"'), main=_LOCK
    )
    host.publish({"version": "1"})
    host.start()
    eventually(lambda: host.services().get("app", {}).get("state") == "holding", host.said)
    service = host.services()["app"]
    assert service["turn"]["held"] is True
    left = seconds_of(service["nextCheck"]) - seconds_of(service["installedAt"])
    assert 3600 <= left < 3660
    why = document("why", host.run("why", "app", "--format", "json").stdout)
    assert why["next"] == service["nextCheck"]


@pytest.mark.parametrize("phase", ["before", "after"])
def test_update_that_waits_for_its_recovery_is_no_idle_service(host: Host, phase: str) -> None:
    """The hook that the dead worker left running is waited for."""
    host.configure(host.service(f'{phase} "script" {{ command = "{_waits(host)}" }}'))
    host.publish({"version": "1"})
    host.start()
    eventually(lambda: host.marked() == ["here"], host.said)
    worker = host.pid()
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: host.worker()["pid"] not in (None, worker), host.said)
    assert host.services()["app"]["state"] == "updating"
    why = document("why", host.run("why", "app", "--format", "json").stdout)
    assert not why["upToDate"]
    assert "an update is under way" in why["reason"]
    (host.folder / "gate").touch()
    host.until_version("1")
