"""The ``systemd`` hook, asked of a booted systemd."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest

from dropship.core.unit_name import UnitName
from dropship.errors import HookError, HookPutOffError
from dropship.hooks import Event
from dropship.hooks.systemd import Action, SystemdHook, SystemdOptions
from tests.exec.runs import Runner, eventually
from tests.servers.systemd import Systemd

# In front of systemctl, in the machine.
NOBODY = ("setpriv", "--reuid=65534", "--clear-groups")
NOT_BOOTED = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /run/systemd; exec "$@"', "sh")
CHROOT = ("env", "SYSTEMD_OFFLINE=1")


def event(phase: Literal["before", "after", "failed"] = "after") -> Event:
    """What a hook is told."""
    return Event(service="api", hostname="web-07", update_id="u1", phase=phase)


def hook(unit: str, action: Action | None = None) -> SystemdHook:
    """One that asks for something."""
    return SystemdHook(SystemdOptions(unit=UnitName.parse(unit), action=action))


def state(units: Systemd, unit: str) -> str:
    """How a unit is."""
    return units.show(unit, "ActiveState")


def failure(one: SystemdHook, runner: Runner | None = None, **environ: str) -> str:
    """What it says when it fails."""
    with pytest.raises(HookError) as caught:
        one.run(event(), (runner or Runner()).run(**environ))
    assert not isinstance(caught.value, HookPutOffError)
    return str(caught.value)


def test_without_an_action_it_stops_before_and_starts_again_after(units: Systemd) -> None:
    """What is there to do around a switch."""
    one = hook("runs")
    one.run(event("after"), Runner().run())
    assert state(units, "runs") == "active"
    one.run(event("before"), Runner().run())
    assert state(units, "runs") == "inactive"
    one.run(event("failed"), Runner().run())
    assert state(units, "runs") == "active"


def test_start_leaves_a_running_unit_alone_and_restart_does_not(units: Systemd) -> None:
    """As systemctl has it."""
    hook("runs", "start").run(event(), Runner().run())
    first = units.show("runs", "MainPID")
    hook("runs", "start").run(event(), Runner().run())
    assert units.show("runs", "MainPID") == first
    hook("runs", "restart").run(event(), Runner().run())
    assert units.show("runs", "MainPID") not in (first, "0")


def test_try_restart_does_not_start_what_is_stopped(units: Systemd) -> None:
    """And that is no failure."""
    one = hook("runs", "try-restart")
    one.run(event(), Runner().run())
    assert state(units, "runs") == "inactive"
    units.run("systemctl", "start", "runs")
    first = units.show("runs", "MainPID")
    one.run(event(), Runner().run())
    assert units.show("runs", "MainPID") not in (first, "0")


def test_reload_runs_what_the_unit_has_for_it(units: Systemd) -> None:
    """A unit that has nothing says so."""
    reloaded = units.root / "run/once-was-reloaded"
    units.run("systemctl", "start", "once", "runs")
    hook("once", "reload").run(event(), Runner().run())
    assert reloaded.exists()
    assert failure(hook("runs", "reload")) == (
        "systemctl reload runs.service: Failed to reload runs.service: "
        "Job type reload is not applicable for unit runs.service; runs.service is active (running)"
    )


def test_failed_start_says_why_and_shows_the_journal(units: Systemd) -> None:
    """What the service itself said is in the log of the update."""
    runner = Runner()
    assert failure(hook("fails"), runner) == (
        "systemctl restart fails.service: Job for fails.service failed because the control process "
        "exited with error code; fails.service is failed (exit-code, status 3)"
    )
    assert "fails.service: cannot open the database" in runner.said
    assert any("status=3" in line for line in runner.said)
    assert runner.said[0].startswith("Job for fails.service failed")


def test_journal_of_an_earlier_start_is_not_shown(units: Systemd) -> None:
    """Only what has to do with this one."""
    units.run("systemctl", "start", "fails")
    units.run("journalctl", "--sync")
    runner = Runner()
    failure(hook("fails"), runner)
    assert runner.said.count("fails.service: cannot open the database") == 1


def test_program_that_cannot_be_run_is_told_however_late_the_journal_is(units: Systemd) -> None:
    """It is systemd that says so, as the unit's user, and the process is gone by then."""
    program = units.root / "run/unrunnable"
    program.write_text("#!/usr/bin/nowhere\n")
    program.chmod(0o755)
    journald = units.show("systemd-journald", "MainPID")
    runner = Runner()
    with ThreadPoolExecutor() as pool:
        units.run("kill", "-STOP", journald)
        failing = pool.submit(failure, hook("unrunnable"), runner)
        eventually(lambda: state(units, "unrunnable") == "failed")
        units.run("kill", "-CONT", journald)
        failing.result()
    said = "Failed to execute /run/unrunnable: No such file or directory"
    assert f"unrunnable.service: {said}" in runner.said


def test_dependency_that_fails_is_named_in_the_log(units: Systemd) -> None:
    """What systemctl says does not name it."""
    runner = Runner()
    assert failure(hook("waits"), runner) == (
        "systemctl restart waits.service: A dependency job for waits.service failed; "
        "waits.service is inactive (dead)"
    )
    assert "waits.service: Dependency failed for waits.service." in runner.said


@pytest.mark.parametrize(
    ("unit", "cure"),
    [
        ("no-such", "if its file is there, run systemctl daemon-reload"),
        ("masked", "systemctl unmask masked.service"),
        ("faulty", "systemd-analyze verify faulty.service"),
    ],
)
def test_unit_that_cannot_be_started_is_told_with_the_cure(
    units: Systemd, unit: str, cure: str
) -> None:
    """Whatever was to be done with it."""
    for action in ("restart", "reload"):
        told = failure(hook(unit, action))
        assert f"unit {unit}.service " in told
        assert told.endswith(f"; {cure}")


def test_unit_that_is_never_ready_fails_when_the_time_is_over(units: Systemd) -> None:
    """And can be stopped, or started once more, afterwards."""
    assert failure(hook("stuck"), Runner(timeout=2)) == (
        "systemctl restart stuck.service took longer than 2s and was ended; "
        "stuck.service is activating (start)"
    )
    hook("stuck", "stop").run(event("before"), Runner().run())
    assert state(units, "stuck") in ("inactive", "failed")


def test_unit_that_fell_over_too_often_can_be_started_at_once(units: Systemd) -> None:
    """The bad version has used up its starts; the good one needs one more."""
    program = units.root / "srv/app/run"
    program.parent.mkdir(parents=True)
    program.write_text("exit 1\n")
    one = hook("app")
    one.run(event(), Runner().run())
    eventually(lambda: state(units, "app") == "failed")
    assert units.run("systemctl", "start", "app").returncode != 0, "systemd refuses"
    program.write_text("exec sleep infinity\n")
    one.run(event(), Runner().run())
    assert state(units, "app") == "active"


def test_unit_may_be_restarted_as_often_as_there_is_something_new(units: Systemd) -> None:
    """More often than systemd would by itself, five times within ten seconds."""
    for _ in range(8):
        hook("runs").run(event(), Runner().run())
    assert state(units, "runs") == "active"


def test_start_that_fails_is_not_tried_again(units: Systemd) -> None:
    """Only one that systemd refused before it had begun."""
    runner = Runner()
    failure(hook("fails"), runner)
    assert len([line for line in runner.said if line.startswith("Job for ")]) == 1


def test_hook_without_systemctl_fails_with_the_cure(tmp_path: Path) -> None:
    """On a host without systemd."""
    assert failure(hook("runs"), PATH=str(tmp_path)) == (
        "there is no systemctl on this host; use script hooks and checks where systemd does not run"
    )


@pytest.mark.parametrize(
    ("prefix", "says"),
    [
        (NOT_BOOTED, "systemd does not run on this host; use script hooks and checks"),
        (CHROOT, "systemd does not run on this host; use script hooks and checks"),
        (NOBODY, "systemd does not allow it: Failed to restart runs.service: "),
    ],
    ids=["not-booted", "chroot", "nobody"],
)
def test_systemd_that_cannot_be_asked_fails_with_the_cure(
    units: Systemd, tmp_path: Path, prefix: tuple[str, ...], says: str
) -> None:
    """Also where systemctl does nothing and calls that good."""
    units.run("systemctl", "start", "runs")
    lent = units.lend(tmp_path / "other", *prefix)
    told = failure(hook("runs"), PATH=f"{lent}:{os.environ['PATH']}")
    assert says in told
    assert told.endswith(("where systemd does not run", "or allow it by a rule of polkit"))


def test_status_75_is_a_failure_as_any_other(tmp_path: Path) -> None:
    """It is a script that may ask to be put off; systemctl does not."""
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 75\n")
    (tmp_path / "systemctl").chmod(0o755)
    says = "systemctl restart runs.service: exited with status 75"
    assert failure(hook("runs"), PATH=f"{tmp_path}:{os.environ['PATH']}") == says


def test_it_describes_the_command_line() -> None:
    """As one would type it."""
    assert hook(r"a\x2db").describe(event("before")) == (
        r"systemctl --no-ask-password stop 'a\x2db.service'"
    )
    assert hook("app@1", "reload").describe(event()) == (
        "systemctl --no-ask-password reload app@1.service"
    )
