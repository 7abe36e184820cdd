"""What every health check promises, asked of each."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from dropship.core.unit_name import UnitName
from dropship.errors import HealthError
from dropship.health import Health
from dropship.health.http import HttpHealth, HttpHealthOptions
from dropship.health.script import ScriptHealth, ScriptHealthOptions
from dropship.health.systemd import SystemdHealth, SystemdHealthOptions
from dropship.health.tcp import Port, TcpHealth, TcpHealthOptions
from tests.exec.runs import Runner
from tests.servers.process import free_port

Make = Callable[[pytest.FixtureRequest], Health]


def http(path: str, contains: str = "") -> Make:
    """A check of a page of nginx."""

    def make(request: pytest.FixtureRequest) -> Health:
        url = request.getfixturevalue("nginx").url + path
        return HttpHealth(HttpHealthOptions(url=url, contains=contains))

    return make


def script(command: str) -> Make:
    """A check by a command."""
    return lambda _: ScriptHealth(ScriptHealthOptions(command=command))


def systemd(unit: str) -> Make:
    """A check of a unit of a booted systemd, which is started first."""

    def make(request: pytest.FixtureRequest) -> Health:
        request.getfixturevalue("units").run("systemctl", "start", unit)
        return SystemdHealth(SystemdHealthOptions(unit=UnitName.parse(unit)))

    return make


def down(_: pytest.FixtureRequest) -> Health:
    """A check of a server that is not there."""
    return HttpHealth(HttpHealthOptions(url=f"http://127.0.0.1:{free_port()}/"))


def tcp(request: pytest.FixtureRequest) -> Health:
    """A check of nginx's port."""
    port = request.getfixturevalue("nginx").url.rpartition(":")[2]
    return TcpHealth(TcpHealthOptions(port=Port.parse(port)))


GOOD: dict[str, Make] = {
    "tcp": tcp,
    "http": http("/identity"),
    "http-redirect": http("/moved/"),
    "script": script("true"),
    "systemd": systemd("runs"),
    "systemd-escaped": systemd(r"with\x2descape"),
    "systemd-instance": systemd("named@1"),
    "systemd-once": systemd("once"),
    "systemd-timer": systemd("wakes.timer"),
}
BAD: dict[str, tuple[Make, str]] = {
    "tcp": (lambda _: TcpHealth(TcpHealthOptions(port=Port(free_port()))), "Connection refused"),
    "http": (http("/busy/"), "503 Service Temporarily Unavailable, wanted 200-399"),
    "http-text": (http("/identity", contains="no such text"), "does not contain 'no such text'"),
    "http-down": (down, "Connection refused"),
    "script": (script("exit 3"), "exited with status 3"),
    "systemd": (systemd("fails"), "unit fails.service is failed (exit-code, status 3)"),
    "systemd-ended": (systemd("ends"), "is inactive (dead); a unit of Type=oneshot stays active"),
    "systemd-faulty": (systemd("faulty"), "cannot be loaded (bad-setting); systemd-analyze verify"),
    "systemd-masked": (systemd("masked"), "the unit masked.service is masked; systemctl unmask"),
    "systemd-unknown": (systemd("nowhere"), "there is no unit nowhere.service on this host; if"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_works_passes_and_can_be_asked_again(
    request: pytest.FixtureRequest, name: str
) -> None:
    """Every look is a new one."""
    check = GOOD[name](request)
    check.probe(Runner().run())
    check.probe(Runner().run())
    assert check.describe()


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_work_says_what_was_seen(request: pytest.FixtureRequest, name: str) -> None:
    """In one line."""
    make, says = BAD[name]
    with pytest.raises(HealthError) as caught:
        make(request).probe(Runner().run())
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_look_that_takes_too_long_is_over() -> None:
    """A script is ended; the caller looks again."""
    began = time.monotonic()
    with pytest.raises(HealthError, match="took longer than 300ms"):
        ScriptHealth(ScriptHealthOptions(command="sleep 100")).probe(Runner(timeout=0.3).run())
    assert time.monotonic() - began < 30
