"""The operator's commands on the leash, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dropship.errors import HookError, InterruptedByStop
from dropship.exec import groups, leash
from dropship.exec.run import ProcessGroup
from tests.exec.runs import Runner, eventually


def shell(
    text: str, runner: Runner, cwd: str | None = None, user: str = "", **environ: str
) -> leash.Exit:
    """Run shell text on the leash."""
    run = runner.run(**environ)
    return leash.execute(leash.Command(("/bin/bash", "-c", text), run.environ, cwd, user), run)


def alive(pid_file: Path) -> bool:
    """The process whose number a script wrote down runs, and is no zombie."""
    stat = Path(f"/proc/{int(pid_file.read_text())}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


def test_command_that_ends_well_is_good_and_its_output_is_said() -> None:
    """Both streams are said line by line, in order, an unfinished line too."""
    runner = Runner()
    assert shell("echo one; echo two >&2; printf three", runner).good
    assert runner.said == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        ("exit 3", leash.Exit(status=3), "exited with status 3"),
        ("exit 75", leash.Exit(status=75), "exited with status 75"),
        ("kill -SEGV $$", leash.Exit(signal=11), "was killed by SIGSEGV"),
    ],
)
def test_exit_says_status_or_signal(text: str, wanted: leash.Exit, words: str) -> None:
    """An operator reads how the command ended."""
    ended = shell(text, Runner())
    assert ended == wanted
    assert not ended.good
    assert str(ended) == words


def test_command_that_is_not_there_ends_with_127() -> None:
    """As every shell says it, with the name in the output."""
    runner = Runner()
    run = runner.run(PATH="/usr/bin:/bin")
    assert leash.execute(leash.Command(("no-such-thing",), run.environ), run).status == 127
    assert "no-such-thing" in runner.said[0]


def test_folder_that_is_not_there_is_told() -> None:
    """The message names the folder."""
    with pytest.raises(HookError, match="cannot be run in /no/such"):
        shell("true", Runner(), cwd="/no/such")


def test_command_begins_only_after_its_group_is_on_record(tmp_path: Path) -> None:
    """What ``starting`` is told is the group that the command then is in."""
    began = tmp_path / "began"
    seen: list[bool] = []

    def starting(group: ProcessGroup) -> None:
        assert groups.alive(group)
        time.sleep(0.2)
        seen.append(began.exists())

    runner = Runner(starting=starting)
    assert shell(f"touch {began}; ps -o pgid= -p $$", runner).good
    assert seen == [False]
    assert int(runner.said[0]) == runner.groups[0].pgid


def test_command_never_begins_if_its_group_cannot_be_recorded(tmp_path: Path) -> None:
    """A disk that is full at that moment starts nothing that nobody knows of."""

    def starting(_: ProcessGroup) -> None:
        raise OSError(28, "No space left on device")

    runner = Runner(starting=starting)
    with pytest.raises(OSError, match="No space"):
        shell(f"touch {tmp_path}/began", runner)
    assert not groups.alive(runner.groups[0])
    assert not (tmp_path / "began").exists()


def test_command_over_its_time_is_ended_with_its_group(tmp_path: Path) -> None:
    """TERM reaches what it started too, and the exit says that time was over."""
    runner = Runner(timeout=0.5)
    ended = shell(f"sleep 100 & echo $! > {tmp_path}/pid; wait", runner)
    assert ended.timed_out
    assert not ended.good
    assert str(ended) == "took too long and was ended"
    assert not alive(tmp_path / "pid")


@pytest.mark.parametrize("leader", ["trap '' TERM; ", ""])
def test_who_ignores_term_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leader: str
) -> None:
    """After the grace comes KILL, for everybody in the group, also if its leader went quietly."""
    monkeypatch.setattr(leash, "GRACE", 0.5)
    runner = Runner(timeout=0.5)
    child = f"(trap '' TERM; echo $BASHPID > {tmp_path}/pid; while :; do sleep 0.1; done) &"
    ended = shell(f"{leader}{child} while :; do sleep 1; done", runner)
    assert ended.timed_out
    assert not alive(tmp_path / "pid")
    assert not groups.alive(runner.groups[0])


def test_last_words_of_a_command_that_is_ended_are_said() -> None:
    """What it writes between TERM and its exit is not lost, however much."""
    runner = Runner(timeout=0.5)
    shell("trap 'seq 20000; echo bye; exit' TERM; while :; do sleep 0.05; done", runner)
    assert runner.said[-1] == "bye"


def test_stop_interrupts_a_command_and_ends_its_group(tmp_path: Path) -> None:
    """A hard stop of the agent leaves no hook behind."""
    runner = Runner()
    runner.watch.stop = (tmp_path / "pid").exists
    with pytest.raises(InterruptedByStop):
        shell(
            f"sleep 100 & echo $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait", runner
        )
    assert not alive(tmp_path / "pid")
    assert not groups.alive(runner.groups[0])


def test_watch_is_looked_at_while_a_command_floods_its_output() -> None:
    """Neither silence nor noise keeps the worker from its heart beat."""
    runner = Runner(timeout=1.5)
    assert shell("yes", runner).timed_out
    gaps = [
        later - one for one, later in zip(runner.watch.looks, runner.watch.looks[1:], strict=False)
    ]
    assert max(gaps) < 5
    assert sum(len(line) + 1 for line in runner.said) <= 1 << 20


def test_daemon_left_behind_neither_blocks_nor_dies(tmp_path: Path) -> None:
    """It can write far more than a pipe holds after the command's exit."""
    go, done, pid = tmp_path / "go", tmp_path / "done", tmp_path / "pid"
    # echo is the shell's own: a broken pipe would end the daemon itself, not a child of it.
    noise = "for i in {1..20000}; do echo a line of the log; done"
    daemon = (
        f"echo $BASHPID > {pid}; until [ -e {go} ]; do sleep 0.02; done; "
        f"{noise}; touch {done}; exec sleep 100"
    )
    runner = Runner()
    before = time.monotonic()
    assert shell(f"({daemon}) & until [ -s {pid} ]; do sleep 0.02; done; echo started", runner).good
    assert time.monotonic() - before < 15
    try:
        assert alive(pid)
        assert "started" in runner.said
        go.touch()
        eventually(done.exists)
        eventually(lambda: alive(pid))
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


def test_command_has_no_descriptor_of_ours_and_no_input() -> None:
    """Not even one that was opened inheritable: a hook must not hold our locks."""
    fd = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(fd, True)
    try:
        runner = Runner()
        shell("ls /proc/self/fd; readlink /proc/self/fd/0", runner)
    finally:
        os.close(fd)
    # The directory that ls itself reads is the fourth.
    assert runner.said == ["0", "1", "2", "3", "/dev/null"]


def test_command_sees_its_environment_and_folder(tmp_path: Path) -> None:
    """Nothing of the caller's but what it is given."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    runner = Runner()
    shell("echo $COLOUR; pwd; pwd -P", runner, cwd=str(tmp_path / "link"), COLOUR="blue")
    assert runner.said == ["blue", str(tmp_path / "link"), str(tmp_path / "real")]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_command_runs_as_another_user() -> None:
    """Identity, groups and HOME are that user's."""
    runner = Runner()
    assert shell(
        "id -un; id -G; echo $HOME $USER; grep CapEff /proc/self/status", runner, user="nobody"
    ).good
    user, groups_of, home, capabilities = runner.said
    assert user == "nobody"
    assert "0" not in groups_of.split()
    assert home.endswith(" nobody")
    assert int(capabilities.split()[1], 16) == 0


def test_user_that_is_not_there_is_told() -> None:
    """The message names the user."""
    with pytest.raises(HookError, match="no user no-such-user"):
        shell("true", Runner(), user="no-such-user")


def test_descriptors_do_not_grow() -> None:
    """A worker that runs thousands of hooks keeps its descriptors."""
    shell("true", Runner())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        shell("sleep 0.01 & echo x", Runner())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_command_never_begins_if_the_worker_dies_first(tmp_path: Path) -> None:
    """The gate stays shut: nothing runs that no journal names."""
    program = f"""
import os
from dropship.exec import leash
from tests.exec.runs import Runner
run = Runner(starting=lambda group: (print(group.pgid, flush=True), os.kill(os.getpid(), 9))).run()
leash.execute(leash.Command(("touch", "{tmp_path}/began"), run.environ), run)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    gate = Path(f"/proc/{int(ended.stdout)}/stat")
    eventually(lambda: not gate.exists() or gate.read_text().split()[2] in "ZX")
    assert not (tmp_path / "began").exists()


@pytest.mark.timeout(60)
def test_exit_right_after_a_look_is_seen_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service is down while the end of its hook is not noticed."""
    monkeypatch.setattr(leash, "_LOOK", 3600.0)
    runner = Runner(timeout=3600.0)
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    def exits_once_its_output_has_ended() -> bool:
        if len(runner.watch.looks) == 2:
            gate.write_text("now\n")
            # Left to be reaped by the leash.
            os.waitid(os.P_PID, runner.groups[0].pgid, os.WEXITED | os.WNOWAIT)
        return False

    runner.watch.stop = exits_once_its_output_has_ended
    assert shell(f"exec >/dev/null 2>&1; read < {gate}", runner).good
    assert len(runner.watch.looks) == 2
