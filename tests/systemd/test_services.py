"""Services that are units of systemd, updated by the real program on a booted one."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.host import eventually, tarball
from tests.servers.systemd import Systemd
from tests.systemd.unit import Unit

pytestmark = [pytest.mark.root, pytest.mark.slow]

AROUND = """
  before "systemd" { unit = "app" }
  after "systemd" { unit = "app" }
"""
HOLDS = """
  health "systemd" {
    unit     = "app"
    interval = "200ms"
    within   = "2s"
    holdFor  = "1s"
  }
"""
RUNS = "exec sleep infinity"
FALLS = "echo cannot open the database; exit 3"


@pytest.fixture
def host(units: Systemd) -> Unit:
    """No agent runs, and no version of the service is there yet."""
    return Unit(units)


def update(host: Unit, version: str, run: str) -> subprocess.CompletedProcess[str]:
    """Publish a version that does this when it is started, and update to it."""
    host.put(tarball({"version": version, "run": run}), "app.tar.gz")
    return host.machine.run("dropship", "update", "app")


def running(host: Unit) -> bool:
    """Whether systemd calls the service active."""
    return host.machine.show("app", "ActiveState") == "active"


def test_version_that_falls_over_again_and_again_is_taken_back_and_the_old_one_runs(
    host: Unit,
) -> None:
    """Though systemd would not start that unit any more for a while."""
    host.configure(host.service(AROUND))
    done = update(host, "1", RUNS)
    assert done.returncode == 0, done.stderr
    assert running(host)
    host.configure(host.service(AROUND + HOLDS))
    done = update(host, "2", FALLS)
    assert done.returncode == 1
    assert "systemd app.service did not hold " in done.stderr
    assert "app.service: cannot open the database" in done.stderr
    assert host.version() == "1"
    assert running(host)
    assert host.machine.show("app", "NRestarts") == "0"


@pytest.mark.endurance
def test_service_that_is_stopped_before_is_started_when_the_update_does_not_come_to_the_switch(
    host: Unit,
) -> None:
    """A later hook says no: nothing is switched, and what was stopped runs again."""
    host.configure(host.service(AROUND))
    assert update(host, "1", RUNS).returncode == 0
    first = host.machine.show("app", "MainPID")
    host.configure(host.service(AROUND + 'before "script" { command = "exit 1" }'))
    assert update(host, "2", RUNS).returncode == 1
    assert host.version() == "1"
    assert running(host)
    assert host.machine.show("app", "MainPID") != first


@pytest.mark.endurance
def test_update_restarts_the_agent_that_makes_it(host: Unit) -> None:
    """Once it is over: the agent does not wait for a hook that waits for the agent."""
    host.configure(host.service('after "systemd" { unit = "dropship" }'))
    host.publish("1")
    assert host.systemctl("start", "dropship") == 0, host.journal()
    first = host.pid
    host.until_version("1")
    second = eventually(lambda: host.pid not in (0, first) and host.pid, host.journal)
    host.publish("2")
    host.until_version("2")
    eventually(lambda: host.pid not in (0, first, second), host.journal)
    assert host.show("Result") == "success"
    assert [one["outcome"] for one in host.history()] == ["updated", "updated"]
    assert not host.path("var/lib/dropship/services/app/journal.json").exists()


@pytest.mark.endurance
def test_update_has_the_agent_read_its_configuration_and_is_taken_back_if_that_is_at_fault(
    host: Unit,
) -> None:
    """As a service does that brings configuration: this hook can be waited for."""
    service = host.service('after "systemd" { unit = "dropship" action = "reload" }')
    host.configure(service)
    host.publish("1")
    assert host.systemctl("start", "dropship") == 0, host.journal()
    first = host.pid
    host.until_version("1")
    eventually(lambda: "reloaded: no service changed" in host.journal(), host.journal)
    host.configure(service, "nonsense {")
    host.publish("2")
    eventually(lambda: "rolled back" in host.journal(), host.journal)
    assert "systemctl reload dropship.service: Job for dropship.service failed" in host.journal()
    assert (host.version(), host.pid) == ("1", first)
