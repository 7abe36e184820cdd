"""The pure parts of the supervisor: vigil, stopping, difference, words."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from dropship.agent.difference import difference
from dropship.agent.messages import Asleep, Busy
from dropship.agent.stopping import Force, Stopping
from dropship.agent.vigil import Verdict, Vigil, late
from dropship.agent.words import ending
from dropship.config.model import (
    ArtifactConfig,
    Config,
    RepoConfig,
    ServiceConfig,
    WorkerLimits,
)
from dropship.core.values import Duration, Secret

WATCHDOG = 60.0


def service(name: str, options: object = None) -> ServiceConfig:
    """A service."""
    return ServiceConfig(
        name=name,
        artifact=ArtifactConfig(
            repo=RepoConfig("s3", "s3", options), location=None, destination=Path("/srv") / name
        ),
        lock=None,
        before=(),
        after=(),
        failed=(),
        health=(),
        worker=WorkerLimits(),
        check_interval=Duration.of(10),
    )


A, B, C = service("a"), service("b"), service("c")
CONFIG = Config(
    main=Path("/etc/x.hcl"),
    services=(A, B),
    environ_read=frozenset(),
    state_path=Path("/s"),
    run_path=Path("/r"),
)


def test_busy_worker_may_be_silent_for_ten_seconds_and_the_watchdog() -> None:
    """Then SIGABRT, five seconds later SIGKILL, then nothing more."""
    vigil = Vigil(100.0, Busy("staging"))
    assert vigil.judge(169.9, WATCHDOG)[0] is Verdict.FINE
    verdict, vigil = vigil.judge(170.0, WATCHDOG)
    assert verdict is Verdict.ABORT
    assert vigil.judge(174.9, WATCHDOG)[0] is Verdict.FINE
    verdict, vigil = vigil.judge(175.0, WATCHDOG)
    assert verdict is Verdict.KILL
    assert vigil.judge(999.0, WATCHDOG)[0] is Verdict.FINE
    assert vigil.deadline(WATCHDOG) is None


def test_sleeper_may_be_silent_until_it_said_and_the_watchdog() -> None:
    """An hour's sleep is no silence."""
    vigil = Vigil(100.0).hears(Asleep(3700.0), 101.0)
    assert vigil.judge(3759.0, WATCHDOG)[0] is Verdict.FINE
    assert vigil.judge(3760.0, WATCHDOG)[0] is Verdict.ABORT


def test_clocks_started_anew_forgive_what_came_before() -> None:
    """After a suspend everybody has the whole time again, sleepers included."""
    for said in (Busy("staging"), Asleep(105.0)):
        vigil = Vigil(100.0, said).anew(5000.0)
        assert vigil.judge(5000.0 + WATCHDOG - 1, WATCHDOG)[0] is Verdict.FINE
        assert vigil.judge(5000.0 + WATCHDOG + 10, WATCHDOG)[0] is Verdict.ABORT


def test_loop_is_late_by_more_than_five_seconds() -> None:
    """Five seconds are still in time."""
    assert not late(100.0, 105.0)
    assert late(100.0, 105.1)


def test_stop_becomes_harder_by_signals_and_by_time() -> None:
    """Asked, pressed when stopTimeout is over, killed after the grace."""
    stop = Stopping()
    assert stop.at(1e9, 90.0) == stop
    assert not stop.under_way
    stop = stop.harder(100.0)
    assert (stop.force, stop.deadline(90.0)) == (Force.ASKED, 190.0)
    assert stop.at(189.0, 90.0).force is Force.ASKED
    stop = stop.at(190.0, 90.0)
    assert (stop.force, stop.deadline(90.0)) == (Force.PRESSED, 205.0)
    stop = stop.at(205.0, 90.0)
    assert (stop.force, stop.deadline(90.0)) == (Force.KILLED, None)
    assert stop.harder(300.0) == stop


def test_two_signals_at_once_count_twice() -> None:
    """Whoever presses Ctrl-C twice quickly means it."""
    assert Stopping().harder(1.0, times=2).force is Force.PRESSED


def test_same_configuration_changes_nothing() -> None:
    """Read again from the same files: equal values, nobody is restarted."""
    again = replace(CONFIG, services=(service("a"), service("b")))
    change = difference(CONFIG, again)
    assert change.unchanged
    assert str(change) == "no service changed"


def test_changed_secret_is_a_change_of_its_service_only() -> None:
    """A new password restarts the service that uses it."""
    old = replace(CONFIG, services=(service("a", Secret("x")), B))
    new = replace(CONFIG, services=(service("a", Secret("y")), B))
    assert [one.name for one in difference(old, new).changed] == ["a"]


def test_added_and_removed_services_are_named() -> None:
    """By name, in the order of the configuration."""
    change = difference(CONFIG, replace(CONFIG, services=(B, C)))
    assert (change.added, change.changed, change.removed) == ((C,), (), ("a",))


@pytest.mark.parametrize(
    "new",
    [
        replace(CONFIG, watchdog=Duration.of(5)),
        replace(CONFIG, stop_timeout=Duration.of(5)),
        replace(CONFIG, socket_group="adm"),
    ],
)
def test_what_only_the_supervisor_uses_restarts_nobody(new: Config) -> None:
    """Workers do not see these."""
    assert difference(CONFIG, new).unchanged


def test_what_all_workers_use_restarts_everybody() -> None:
    """``maxStagings`` is a matter of all workers."""
    change = difference(CONFIG, replace(CONFIG, max_stagings=7))
    assert [one.name for one in change.changed] == ["a", "b"]


def test_paths_of_a_running_agent_are_fixed() -> None:
    """They are named, and nobody is restarted for them."""
    change = difference(CONFIG, replace(CONFIG, run_path=Path("/elsewhere")))
    assert change.fixed == ("run_path",)
    assert change.unchanged


def test_endings_are_told_in_words() -> None:
    """Signals by name, exits by status."""
    assert ending(os.CLD_EXITED, 3) == "exited with status 3"
    assert ending(os.CLD_KILLED, signal.SIGSEGV) == "killed by SIGSEGV"
    assert ending(os.CLD_DUMPED, signal.SIGABRT) == "killed by SIGABRT (core dumped)"
    assert ending(os.CLD_KILLED, signal.SIGRTMIN + 3) == "killed by SIGRTMIN+3"
