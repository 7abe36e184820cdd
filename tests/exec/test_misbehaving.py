"""Commands that do to the leash whatever a command can do."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from dropship.errors import HookError, InterruptedByStop
from dropship.exec import groups, leash
from dropship.exec.leftover import Leftover
from dropship.exec.run import ProcessGroup
from tests.exec.runs import Runner, eventually
from tests.exec.test_leash import alive, shell

# Lines that can be said between two beats of the heart, each for a tenth of a millisecond.
_MOST_LINES = 4096


def watched(runner: Runner) -> list[int]:
    """How many lines had been said at each look; fills up as the runner runs."""
    counts: list[int] = []

    def goes_on() -> bool:
        counts.append(len(runner.said))
        return False

    runner.watch.stop = goes_on
    return counts


def most_between(counts: list[int], runner: Runner) -> int:
    """Of two looks in a row, and of the last and the end."""
    ends = [*counts, len(runner.said)]
    return max(later - one for one, later in pairwise(ends))


@pytest.mark.parametrize(
    "text",
    [
        "yes '' | head -c 200000",
        # Somebody left behind who writes faster than anybody can read.
        "timeout --foreground 60 yes '' & sleep 0.3; exit 0",
    ],
    ids=["command", "left behind"],
)
def test_heart_beats_between_the_shortest_lines(text: str) -> None:
    """A flood of empty lines, which are the most there can be in a piece of output."""
    runner = Runner()
    counts = watched(runner)
    try:
        assert shell(text, runner).good
    finally:
        groups.kill(runner.groups[0])
    assert len(runner.said) > 10 * _MOST_LINES
    assert most_between(counts, runner) <= _MOST_LINES


def test_what_somebody_left_behind_writes_ends_no_run() -> None:
    """Only what was written up to the exit is said, though there is always more."""
    runner = Runner()
    run = runner.run()
    fast = leash.Command((sys.executable, "-c", _FLOODS), run.environ)
    try:
        assert leash.execute(fast, run).good
    finally:
        groups.kill(runner.groups[0])
    # A mebibyte of it would have been said otherwise.
    assert sum(map(len, runner.said)) <= (64 << 10) + (4 << 10)


# The child begins to write when its parent has exited for whoever waits for it, not a moment before:
# descriptors are closed earlier than that, and what is written meanwhile is said like any other.
_FLOODS = """
import os, select
parent = os.pidfd_open(os.getpid())
if os.fork() == 0:
    select.select([parent], [], [])
    line = b"x" * 1023 + b"\\n"
    while True:
        os.write(1, line * 64)
os._exit(0)
"""


def test_flood_is_cut_by_line_and_by_run_and_does_not_hold_the_command_up() -> None:
    """A hundred megabytes: of lines, of one line, of no text at all."""
    noise = "head -c 33000000 /dev/zero"
    runner = Runner()
    text = f"{noise} | tr '\\0' x; echo; {noise} | tr '\\0' y | fold -w 8000; head -c 33000000 /dev/urandom"
    assert shell(text, runner).good
    assert runner.said[0] == "x" * 4096 + " …"
    assert runner.said[1] == "y" * 4096 + " …"
    assert (
        0.9 * (1 << 20) < sum(min(len(line), 4096) + 1 for line in runner.said) <= 1.1 * (1 << 20)
    )


def test_chain_of_short_lives_that_ignores_term_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is looked for has gone on to the next process by then."""
    chain = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    if os.fork():
        os._exit(0)
    time.sleep(0.001)
"""
    monkeypatch.setattr(leash, "GRACE", 0.5)
    runner = Runner(timeout=0.5)
    try:
        assert shell(f"{sys.executable} -c '{chain}' & sleep 100", runner).timed_out
        eventually(lambda: not exists(runner.groups[0].pgid))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(runner.groups[0].pgid, signal.SIGKILL)


def test_command_that_stops_itself_is_ended_when_its_time_is_over() -> None:
    """It hears TERM only when it goes on."""
    runner = Runner(timeout=0.5)
    assert shell("kill -STOP $$", runner) == leash.Exit(signal=15, timed_out=True)
    assert not exists(runner.groups[0].pgid)


def test_command_that_closes_everything_is_waited_for() -> None:
    """The end of its output is not its exit."""
    assert shell("exec <&- >&- 2>&-; sleep 0.5; exit 7", Runner()) == leash.Exit(status=7)


def test_daemon_in_a_session_of_its_own_outlives_a_command_that_is_ended(tmp_path: Path) -> None:
    """It has left the group; what it writes still goes somewhere, and it hears no SIGPIPE."""
    pid, done = tmp_path / "pid", tmp_path / "done"
    daemon = f"""
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open("{pid}", "w").write(str(os.getpid()))
while not os.path.exists("{tmp_path}/go"): time.sleep(0.02)
for _ in range(100): os.write(1, b"z" * 9999 + b"\\n")
open("{done}", "w").close()
time.sleep(100)
"""
    runner = Runner(timeout=0.5)
    (tmp_path / "daemon").write_text(daemon.replace("\\\\", "\\"))
    assert shell(f"{sys.executable} {tmp_path}/daemon; sleep 100", runner).timed_out
    eventually(lambda: pid.exists() and pid.read_text() != "")
    try:
        (tmp_path / "go").touch()
        eventually(done.exists)
        assert alive(pid)
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


def test_stop_after_the_exit_ends_nobody_who_was_left_behind() -> None:
    """A hard stop while the last of the output is said."""
    runner = Runner()
    runner.watch.stop = lambda: not Path(f"/proc/{runner.groups[0].pgid}").exists()  # reaped
    with pytest.raises(InterruptedByStop):
        shell("timeout --foreground 60 yes & sleep 0.3", runner)
    assert groups.alive(runner.groups[0])
    groups.kill(runner.groups[0])


@pytest.mark.parametrize("name", ["spring.profiles", "2nd", "BASH_FUNC_hello%%"])
def test_variable_that_a_shell_could_not_name_reaches_the_command(name: str) -> None:
    """Java takes dots, and bash exports its functions so."""
    runner = Runner()
    assert shell("env", runner, **{name: "() { echo hi; }"}).good
    assert any(line.startswith(f"{name}=() {{") for line in runner.said)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_other_user_can_open_the_output_by_its_name() -> None:
    """As many daemons have it in their configuration: a log at /dev/stderr."""
    runner = Runner()
    assert shell("echo out > /dev/stdout; echo err > /dev/stderr", runner, user="nobody").good
    assert runner.said == ["out", "err"]


def test_worker_without_descriptors_is_told_of_as_a_hook_that_cannot_be_run() -> None:
    """One more failing hook, which the update knows what to do about."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    runner = Runner()
    run = runner.run()
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        with pytest.raises(HookError, match="the command cannot be run: Too many open files"):
            leash.execute(leash.Command(("true",), run.environ), run)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.endurance
def test_nothing_is_left_of_a_thousand_commands(tmp_path: Path) -> None:
    """No process, zombie or descriptor, and no more memory than after the first hundred."""
    texts = (
        "true",
        "exit 3",
        "sleep 0.002 & echo left behind",
        "yes | head -c 20000; kill -9 $$",
        "exec <&- >&- 2>&-",
        "head -c 50000 /dev/urandom >&2",
        "(setsid sleep 0.01 & ) ; for one in 1 2 3; do (exit 1) & done",
        "yes | head -n 1 > /dev/null",
    )
    own = psutil.Process()
    servers = own.children()  # of other tests
    descriptors = memory = 0
    for number in range(1000):
        shell(texts[number % len(texts)], Runner())
        if number == 100:
            descriptors, memory = own.num_fds(), own.memory_info().rss
    assert own.num_fds() == descriptors
    assert own.children() == servers
    assert own.memory_info().rss - memory < 2 << 20


def exists(pgid: int) -> bool:
    """Whether anybody is in the group, zombies too."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    return True


def test_daemon_of_a_command_whose_leash_died_goes_on_writing(tmp_path: Path) -> None:
    """It is in a session of its own, so nobody waits for it, and somebody goes on reading."""
    pid, done = tmp_path / "pid", tmp_path / "done"
    noise = f"for one in {{1..9000}}; do echo a line of the log; done; touch {done}; exec sleep 100"
    daemon = f"echo $$ > {pid}; until test -e {tmp_path}/go; do sleep 0.02; done; {noise}"
    program = f"""
from dropship.exec import leash
from tests.exec.runs import Runner
run = Runner(starting=lambda group: print(group.pgid, group.output, flush=True)).run()
leash.execute(leash.Command(("bash", "-c", "setsid bash -c '{daemon}' & sleep 100"), run.environ), run)
"""
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        pgid, output = map(int, worker.stdout.readline().split())
        eventually(lambda: pid.exists() and pid.read_text() != "")
        worker.kill()
    group = ProcessGroup(pgid, 0, output=output)
    try:
        os.killpg(pgid, signal.SIGKILL)
        Leftover(group, said.append).close()
        (tmp_path / "go").touch()
        eventually(done.exists)
        assert alive(pid)
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)
