"""The pure parts of the supervisor: vigil, stopping, difference, words."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from dropship.agent.difference import difference
from dropship.agent.limits import OomKills
from dropship.agent.messages import Asleep, Busy
from dropship.agent.stopping import Force, Stopping
from dropship.agent.vigil import MOST, MOST_CRAMMED, MOST_NONSENSE, Verdict, Vigil, late
from dropship.agent.words import ending, fate
from dropship.config.model import (
    ArtifactConfig,
    Config,
    RepoConfig,
    ServiceConfig,
    WorkerLimits,
)
from dropship.core.values import Duration, Secret
from dropship.linux import oom

WATCHDOG = 60.0
BUSY = Busy("staging")


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


def test_worker_that_hung_up_has_a_few_seconds() -> None:
    """Whoever hangs up because he dies is gone by then; the rest is killed, asleep or not."""
    # Nobody wonders that it is silent, even where that is found out sooner.
    vigil = Vigil(100.0, Asleep(100.0)).hangs_up(101.0)
    assert vigil.judge(103.0, 1.0)[0] is Verdict.FINE
    assert vigil.judge(104.0, 1.0)[0] is Verdict.HUNG_UP
    for said in (Busy("staging"), Asleep(3700.0)):
        vigil = Vigil(100.0, said).hangs_up(101.0)
        assert vigil.deadline(WATCHDOG) == 104.0
        assert vigil.judge(103.9, WATCHDOG)[0] is Verdict.FINE
        verdict, vigil = vigil.judge(104.0, WATCHDOG)
        assert verdict is Verdict.HUNG_UP
        assert vigil.deadline(WATCHDOG) is None


def test_worker_that_is_asked_where_it_hangs_has_its_time_though_it_hung_up() -> None:
    """Its words are those of the first fault."""
    vigil = Vigil(100.0, Busy("staging")).judge(170.0, WATCHDOG)[1].hangs_up(171.0)
    assert vigil.deadline(WATCHDOG) == 175.0
    assert vigil.judge(175.0, WATCHDOG)[0] is Verdict.KILL


def test_clocks_started_anew_give_one_that_hung_up_his_seconds_again() -> None:
    """We were late, not he."""
    assert Vigil(100.0).hangs_up(101.0).anew(500.0).deadline(WATCHDOG) == 503.0


def test_worker_that_talks_without_end_is_not_listened_to_for_ever() -> None:
    """10,000 messages in ten seconds are allowed, however often that comes; one more is not."""
    vigil = Vigil(100.0, since=100.0)
    for start in (100.0, 110.0, 125.0):
        for number in range(MOST):
            vigil = vigil.hears(BUSY, start) if number % 2 else vigil.counts(start + 5)
    assert vigil.judge(130.0, WATCHDOG)[0] is Verdict.FINE
    vigil = vigil.counts(130.0)
    assert (vigil.deadline(WATCHDOG) or 0.0) <= 130.0
    verdict, vigil = vigil.judge(130.0, WATCHDOG)
    assert verdict is Verdict.TALKS
    assert vigil.judge(130.0, WATCHDOG)[0] is Verdict.FINE


def test_worker_that_always_has_more_to_say_is_not_listened_to_for_ever() -> None:
    """However slowly it is heard, thirty times in ten seconds are too often."""
    vigil = Vigil(100.0, since=100.0).hears(BUSY, 100.0)
    for _ in range(MOST_CRAMMED - 1):
        vigil = vigil.finds_more()
    assert vigil.judge(101.0, WATCHDOG)[0] is Verdict.FINE
    assert vigil.finds_more().judge(101.0, WATCHDOG)[0] is Verdict.TALKS
    assert vigil.counts(110.0).finds_more().judge(110.0, WATCHDOG)[0] is Verdict.FINE


def test_worker_that_makes_no_sense_is_given_up_at_the_hundredth_time() -> None:
    """However long that takes; and nonsense is no sign of attention."""
    vigil = Vigil(100.0)
    for number in range(MOST_NONSENSE):
        assert vigil.judge(101.0, WATCHDOG)[0] is Verdict.FINE
        vigil = vigil.hears_nonsense(1000.0 * number)
    assert vigil.heard == 100.0
    assert vigil.judge(1e6, WATCHDOG)[0] is Verdict.RAVES


@pytest.mark.parametrize(
    ("deaths", "wait", "words"),
    [
        (1, 1.0, "killed, next try in 1 s"),
        (1, 0.2, "killed, next try in 1 s"),
        (1, -3.0, "killed, next try in 1 s"),
        (2, 1.9, "killed, 2nd time, next try in 2 s"),
        (3, 4.0, "killed, 3rd time, next try in 4 s"),
        (11, 60.0, "killed, 11th time, next try in 60 s"),
        (21, None, "killed, 21st time"),
        (112, None, "killed, 112th time"),
        (0, None, "killed"),
    ],
)
def test_fate_of_a_worker_is_told_in_words(deaths: int, wait: float | None, words: str) -> None:
    """How, how often in a row, when next."""
    assert fate("killed", deaths, wait) == words


def test_oom_kill_counts_for_the_death_that_follows_it(tmp_path: Path) -> None:
    """Also where the regular look falls between the two; later it is somebody else's."""
    counter = tmp_path / "vmstat"
    counter.write_text("nr_free_pages 7\noom_kill 4\nballoon_inflate 0\n")
    kills = OomKills(lambda: oom.kills(counter))
    assert not kills.lately()
    counter.write_text("nr_free_pages 7\noom_kill 5\nballoon_inflate 0\n")
    assert kills.lately()
    kills.look()
    assert kills.lately()
    kills.look()
    assert not kills.lately()


def test_kernel_that_counts_no_oom_kills_is_believed(tmp_path: Path) -> None:
    """No field, or no file."""
    (tmp_path / "vmstat").write_text("nr_free_pages 7\n")
    assert oom.kills(tmp_path / "vmstat") == oom.kills(tmp_path / "none") == 0
