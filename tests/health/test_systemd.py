"""The ``systemd`` health check: pure judgement, and looks at a booted systemd."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from dropship.core.unit_name import UnitName
from dropship.core.unit_state import UnitState
from dropship.errors import HealthError
from dropship.health.systemd import EARLIER, SystemdHealth, SystemdHealthOptions, judged
from tests.exec.runs import Runner, eventually
from tests.servers.systemd import Systemd

API = UnitName.parse("api")
UP = UnitState("loaded", "active", "running", result="success", run=("a", "1"))
AGAIN = replace(UP, restarts=1, run=("b", "2"))
FALLEN = UnitState(
    "loaded", "activating", "auto-restart", result="exit-code", restarts=3, code=1, status=3
)


def verdicts(*states: UnitState) -> list[str]:
    """What is wrong at each look, in a row."""
    before, found = None, []
    for state in states:
        before, wrong = judged(API, state, before)
        found.append(wrong)
    return found


@pytest.mark.parametrize(
    ("states", "wrong"),
    [
        # The same run at every look.
        ([UP, UP, UP], ["", "", ""]),
        # What happened before the first look is another version's.
        ([replace(UP, restarts=7), replace(UP, restarts=7)], ["", ""]),
        # It was restarted, and stays up from then on.
        ([UP, AGAIN, AGAIN], ["", "unit api.service was restarted 1 time while it was watched", ""]),
        # Slow to come up, with a failed attempt: nothing that was good has fallen.
        ([FALLEN, replace(UP, restarts=3), replace(UP, restarts=3)],
         ["unit api.service is activating (auto-restart, exit-code, status 3)", "", ""]),
        # Seen in between.
        ([UP, FALLEN],
         ["", (
             "unit api.service is activating (auto-restart, exit-code, status 3) "
             "and was restarted 3 times while it was watched"
         )]),
        # By somebody, who sets the count back; or by a systemd that does not count.
        ([replace(UP, restarts=2), replace(UP, run=("b", "2"))],
         ["", "unit api.service was started anew while it was watched"]),
        ([replace(UP, run=("", "1")), replace(UP, run=("", "2"))],
         ["", "unit api.service was started anew while it was watched"]),
        ([UP, replace(UP, active="reloading", sub="reload"), UP], ["", "", ""]),
    ],
    ids=["steady", "earlier", "once", "slow", "seen", "by-hand", "old-systemd", "reload"],
)  # fmt: skip
def test_looks_are_compared(states: list[UnitState], wrong: list[str]) -> None:
    """Good is the same run of the unit as at the look before."""
    assert verdicts(*states) == wrong


def check(unit: str) -> SystemdHealth:
    """One that looks at a unit of the machine."""
    return SystemdHealth(SystemdHealthOptions(unit=UnitName.parse(unit)))


def seen(one: SystemdHealth, runner: Runner | None = None, **environ: str) -> str:
    """What a look says is wrong; empty if nothing is."""
    try:
        one.probe((runner or Runner()).run(**environ))
    except HealthError as error:
        return str(error)
    return ""


def test_service_that_falls_and_is_restarted_is_seen_though_it_is_mostly_active(
    units: Systemd,
) -> None:
    """And its last words are said, once."""
    units.run("systemctl", "start", "falls")
    one, runner = check("falls"), Runner()
    eventually(lambda: _good(one))
    # At least twice, so that the count is told; how often is a matter of speed.
    base = int(units.show("falls", "NRestarts"))
    eventually(lambda: int(units.show("falls", "NRestarts")) >= base + 2)
    eventually(lambda: units.show("falls", "ActiveState") == "active")
    first = seen(one, runner)
    assert "was restarted " in first
    assert " times while it was watched" in first
    said = list(runner.said)
    assert "falls.service: cannot open the database" in said
    looked = int(units.show("falls", "NRestarts"))
    eventually(lambda: int(units.show("falls", "NRestarts")) > looked)
    assert "while it was watched" in seen(one, runner)
    assert runner.said == said


def _good(one: SystemdHealth) -> bool:
    """Whether the first look of a new watch is good."""
    one.begin()
    return seen(one) == ""


def test_restart_between_two_updates_is_nobody_s_fall(units: Systemd) -> None:
    """The check lives on; what it saw of the version before is forgotten."""
    units.run("systemctl", "start", "runs")
    one = check("runs")
    assert seen(one) == ""
    units.run("systemctl", "restart", "runs")
    one.begin()
    assert seen(one) == ""
    units.run("systemctl", "restart", "runs")
    assert seen(one) == "unit runs.service was started anew while it was watched"


def test_program_that_is_not_there_is_told_as_such(units: Systemd) -> None:
    """Its start counts as a success; a moment later one can see it."""
    assert units.run("systemctl", "start", "absent").returncode == 0
    eventually(lambda: units.show("absent", "ActiveState") == "failed")
    runner = Runner()
    says = "unit absent.service is failed (exit-code, status 203/EXEC)"
    assert seen(check("absent"), runner) == says
    assert any("/srv/nowhere/bin/absent" in line for line in runner.said)


def test_only_the_run_that_fell_is_heard(units: Systemd) -> None:
    """Not the version before, which ended in order."""
    program = units.root / "srv/app/run"
    program.parent.mkdir(parents=True)
    program.write_text("echo this is the old version; exec sleep infinity\n")
    units.run("systemctl", "start", "app")
    spoken = time.monotonic()
    eventually(lambda: time.monotonic() > spoken + 2 * EARLIER)
    program.write_text("echo this is the new version; exit 3\n")
    units.run("systemctl", "restart", "app")
    eventually(lambda: units.show("app", "ActiveState") == "failed")
    runner = Runner()
    assert seen(check("app"), runner) == "unit app.service is failed (exit-code, status 3)"
    assert "app.service: this is the new version" in runner.said
    assert "app.service: this is the old version" not in runner.said


def test_service_that_only_begins_is_not_up_yet(units: Systemd) -> None:
    """Nothing has failed, so the journal is left alone."""
    units.run("systemctl", "--no-block", "start", "stuck")
    eventually(lambda: units.show("stuck", "ActiveState") == "activating")
    runner = Runner()
    assert seen(check("stuck"), runner) == "unit stuck.service is activating (start)"
    assert runner.said == []


def test_service_that_was_killed_is_told_with_the_signal(units: Systemd) -> None:
    """By its name."""
    units.run("systemctl", "start", "killed")
    eventually(lambda: units.show("killed", "ActiveState") == "failed")
    assert seen(check("killed")) == "unit killed.service is failed (signal, SIGKILL)"


def test_host_without_systemctl_is_told(tmp_path: Path) -> None:
    """With what to use instead."""
    assert seen(check("runs"), PATH=str(tmp_path)) == (
        "there is no systemctl on this host; use script hooks and checks where systemd does not run"
    )


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("sleep 100", "systemctl show runs.service took longer than 300ms and was ended"),
        ("echo Failed to connect to bus: No such file; exit 1",
         "systemd cannot be asked: Failed to connect to bus: No such file; use script hooks"),
        ("echo Failed to get properties: odd.; exit 4",
         "systemctl show runs.service exited with status 4: Failed to get properties: odd"),
        ("exit 4", "systemctl show runs.service exited with status 4"),
        ("echo odd", "runs.service: systemctl did not say how the unit is"),
    ],
)  # fmt: skip
def test_systemctl_that_gives_no_answer_is_a_look_that_fails(
    tmp_path: Path, script: str, says: str
) -> None:
    """What no real one can be brought to say."""
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    (tmp_path / "systemctl").chmod(0o755)
    runner = Runner(timeout=0.3 if "sleep" in script else 20)
    assert seen(check("runs"), runner, PATH=str(tmp_path)).startswith(says)
