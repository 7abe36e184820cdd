"""The unit under the service manager that most hosts have."""

from __future__ import annotations

import gzip
import lzma
import re
import subprocess

import pytest

from tests.e2e.host import eventually, tarball
from tests.servers.systemd import Systemd
from tests.systemd.unit import Unit

pytestmark = [pytest.mark.endurance, pytest.mark.root]

WAITS = 'before "script" { command = "touch /root/marks/here; until test -e /root/marks/go; do sleep 0.05; done" }'


@pytest.fixture
def unit(systemd: Systemd) -> Unit:
    """The unit, not started yet."""
    return Unit(systemd)


@pytest.fixture
def running(unit: Unit) -> Unit:
    """The unit, with version 1 of a service installed."""
    unit.configure(unit.service())
    unit.publish("1")
    assert unit.systemctl("start", "dropship") == 0, unit.journal()
    unit.until_version("1")
    return unit


def held(unit: Unit, body: str = WAITS, main: str = "") -> None:
    """Have an update to version 2 wait in its ``before`` hook."""
    unit.configure(unit.service(body), main=main)
    assert unit.systemctl("reload", "dropship") == 0
    unit.publish("2")
    eventually(unit.mark("here").exists, unit.journal)


def test_shipped_unit_is_one_that_systemd_understands(unit: Unit, systemd: Systemd) -> None:
    """Without a warning."""
    found = systemd.run("systemd-analyze", "verify", "--man=no", "dropship.service")
    assert (found.returncode, found.stderr) == (0, "")
    assert unit.show("OOMPolicy") == "continue"
    assert unit.show("KillMode") == "process"


def test_start_waits_until_every_worker_runs(unit: Unit) -> None:
    """What is ordered after it finds it at work."""
    unit.configure(unit.service(), unit.service(name="web"))
    assert unit.systemctl("start", "dropship") == 0, unit.journal()
    assert len(unit.workers()) == 2
    assert [one["worker"]["pid"] is not None for one in unit.status()["services"]] == [True, True]
    eventually(lambda: unit.show("StatusText") == "2 services", lambda: unit.show("StatusText"))


def test_start_with_a_faulty_configuration_fails_and_says_why(unit: Unit) -> None:
    """In the journal, with its place."""
    unit.configure(unit.service("nonsense {"))
    unit.limit({"Restart": "no"})
    assert unit.systemctl("start", "dropship") != 0
    assert re.search(r"dropship\.hcl:\d+:\d+: E\d+: \S+", unit.journal("-p", "err"))
    assert unit.show("ActiveState") == "failed"


def test_start_that_failed_is_tried_again_until_the_configuration_is_mended(unit: Unit) -> None:
    """More often than systemd would by itself."""
    unit.configure(unit.service("nonsense {"))
    unit.limit({"RestartSec": "100ms"})
    assert unit.systemctl("start", "dropship") != 0
    eventually(lambda: int(unit.show("NRestarts")) > 6, unit.journal)
    unit.configure(unit.service())
    unit.publish("1")
    unit.until_version("1")


def test_status_line_tells_of_updates(running: Unit) -> None:
    """``systemctl status`` shows what goes on."""
    held(running)
    eventually(
        lambda: running.show("StatusText") == "1 service, 1 updating (app)",
        lambda: running.show("StatusText"),
    )
    running.mark("go").touch()
    running.until_version("2")
    eventually(
        lambda: running.show("StatusText") == "1 service", lambda: running.show("StatusText")
    )


def test_watchdog_restarts_a_supervisor_that_is_stopped(running: Unit) -> None:
    """A new one looks after the service; no worker of the old one is left beside it."""
    running.limit({"WatchdogSec": "2s", "TimeoutAbortSec": "1s"})
    assert running.systemctl("restart", "dropship") == 0
    old, workers = running.pid, running.workers()
    running.kill(old, "STOP")
    eventually(lambda: running.pid not in (0, old), running.journal)
    running.publish("2")
    running.until_version("2")
    assert not running.alive(old)
    assert not any(running.alive(one) for one in workers)
    assert len(running.workers()) == 1
    assert running.show("NRestarts") == "1"


def test_watchdog_leaves_one_alone_that_works(running: Unit) -> None:
    """It is told in time, for several times the limit."""
    running.limit({"WatchdogSec": "1s"})
    assert running.systemctl("restart", "dropship") == 0
    pid = running.pid
    begun = running.state()["lastCheck"]
    eventually(lambda: _seconds(running.state()["lastCheck"], begun) >= 4, running.journal)
    assert running.pid == pid
    assert running.show("NRestarts") == "0"


def _seconds(later: str, earlier: str) -> int:
    clock = [
        sum(60**n * int(part) for n, part in enumerate(reversed(one[11:19].split(":"))))
        for one in (later, earlier)
    ]
    return (clock[0] - clock[1]) % 86_400


def test_reload_is_over_when_the_new_configuration_is_in_force(running: Unit) -> None:
    """An added service is there when systemctl returns."""
    pid = running.pid
    running.configure(running.service(), running.service(name="web"))
    assert running.systemctl("reload", "dropship") == 0, running.journal()
    assert [one["name"] for one in running.status()["services"]] == ["app", "web"]
    assert running.pid == pid


def test_reload_of_a_faulty_configuration_fails_and_keeps_the_old_one(running: Unit) -> None:
    """Nothing else happens to the unit."""
    pid = running.pid
    running.configure(running.service("nonsense {"))
    assert running.systemctl("reload", "dropship") != 0
    eventually(lambda: "the old configuration stays" in running.journal(), running.journal)
    assert running.show("ActiveState") == "active"
    running.publish("2")
    running.until_version("2")
    assert running.pid == pid


def test_stop_lets_an_update_finish(running: Unit) -> None:
    """However short the manager's own patience is: it is asked for more."""
    running.limit({"TimeoutStopSec": "3s"})
    held(running)
    stop = running.stopping()
    eventually(lambda: running.show("ActiveState") == "deactivating", running.journal)
    # The manager's patience of three seconds is over by then, twice.
    with pytest.raises(subprocess.TimeoutExpired):
        print(stop.wait(7), running.journal())
    assert running.show("ActiveState") == "deactivating"
    running.mark("go").touch()
    assert stop.wait(60) == 0
    assert running.version() == "2"
    assert running.show("Result") == "success"
    assert not running.path("var/lib/dropship/services/app/journal.json").exists()


def test_hook_beyond_the_stop_timeout_is_ended_and_recovered_at_the_next_start(
    running: Unit,
) -> None:
    """The journal stays; the next start goes back, starts the service, and tries anew."""
    after = 'after "script" { command = "cat /srv/app/version >> /root/marks/started" }'
    held(running, f"{WAITS}\n{after}", main='stop_timeout = "2s"')
    # Told by the process of the hook, which is a shell that waits.
    assert running.stopping().wait(60) == 0
    assert running.show("ExecMainStatus") == "1"
    assert running.path("var/lib/dropship/services/app/journal.json").exists()
    assert running.run("pgrep", "-f", "marks/go") == ""
    assert running.version() == "1"
    running.systemctl("reset-failed", "dropship")
    running.mark("here").unlink()
    assert running.systemctl("start", "dropship") == 0
    # The old version is started again.
    eventually(lambda: running.marked("started") == "1", running.journal)
    running.mark("go").touch()
    running.until_version("2")
    assert [one["outcome"] for one in running.history()][:2] == ["updated", "failed"]


def test_daemon_that_a_hook_left_behind_survives_a_restart(running: Unit) -> None:
    """In a session of its own or not: the service that it is goes on."""
    left = (
        'after "script" { command = "setsid sleep 4711 & echo $! >> /root/marks/left; '
        'sleep 4712 & echo $! >> /root/marks/left" }'
    )
    running.configure(running.service(left))
    assert running.systemctl("reload", "dropship") == 0
    running.publish("2")
    running.until_version("2")
    pids = eventually(
        lambda: len(found := running.marked("left").split()) == 2 and found,
        running.journal,
    )
    old = running.pid
    assert running.systemctl("restart", "dropship") == 0
    assert all(running.alive(int(one)) for one in pids)
    assert running.pid != old
    running.publish("3")
    running.until_version("3")
    assert all(running.alive(int(one)) for one in pids)
    for one in running.mark("left").read_text().split():
        running.kill(int(one), "KILL")


def test_unpacker_that_the_kernel_kills_for_its_hunger_stops_nobody(
    running: Unit,
) -> None:
    """Its update fails, in words; supervisor and worker go on, and install what comes next."""
    running.configure(running.service().replace("app.tar.gz", "app.tar.xz"))
    assert running.systemctl("reload", "dropship") == 0
    pid, worker = running.pid, running.state()["worker"]["pid"]
    with running.hungry(worker, limit=48 << 20) as killed:
        # A dictionary of 64 MiB, which the content fills.
        data = lzma.compress(gzip.decompress(tarball({"zeros": bytes(80 << 20)})), preset=9)
        running.put(data, "app.tar.xz")
        eventually(lambda: killed() > 0, running.journal)
        eventually(lambda: running.state()["lastError"], running.journal)
        assert "SIGKILL" in running.state()["lastError"]
    assert (running.pid, running.state()["worker"]["pid"]) == (pid, worker)
    assert running.show("ActiveState") == "active"
    running.put(lzma.compress(gzip.decompress(tarball({"version": "2"}))), "app.tar.xz")
    running.until_version("2")
    assert running.show("NRestarts") == "0"


def test_killed_supervisor_is_started_again(running: Unit) -> None:
    """Its workers die with it, and there is one for each service afterwards."""
    old, workers = running.pid, running.workers()
    running.kill(old, "KILL")
    eventually(lambda: running.pid not in (0, old), running.journal)
    running.publish("2")
    running.until_version("2")
    assert not any(running.alive(one) for one in workers)
    assert len(running.workers()) == 1


def test_journal_knows_errors_from_what_is_only_told(running: Unit) -> None:
    """``journalctl -p err`` shows the errors, and nothing else."""
    running.put(b"no archive", "app.tar.gz")
    eventually(lambda: "refused" in running.journal("-p", "err"), running.journal)
    assert "updated to" in running.journal()
    assert "updated to" not in running.journal("-p", "err")
