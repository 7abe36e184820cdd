"""Hooks as the operator's commands meet them: what they run in, and what they may do to us."""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.host import DEADLINE, PROGRAM, Host, eventually

# As a careless parent starts us: with a mask, and with ignored signals. Umask, niceness and OOM
# score are meant.
_CARELESS = """
import os, signal, sys
for one in signal.valid_signals() - {9, 15, 19, signal.SIGTTIN, signal.SIGTTOU}:
    signal.signal(one, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGALRM, signal.SIGWINCH})
os.umask(0o027)
os.nice(3)
open("/proc/self/oom_score_adj", "w").write("321")
os.execv(sys.argv[1], sys.argv[1:])
"""
_LOOK = r"""
grep -E '^Sig(Blk|Ign):' /proc/self/status
echo umask $(umask), nice $(nice), oom $(cat /proc/$BASHPID/oom_score_adj), files $(ulimit -S -n)
# By the shell itself: 3 is the folder that it lists, 255 the script that it reads.
cd /proc/$$/fd; echo descriptors *; readlink 0
test $(ps -o sid= -p $PPID) = $PPID && echo "a session without terminal: $(ps -o tty= -p $$)"
(: < /dev/tty) 2> /dev/null || echo nothing at /dev/tty
read -r line || echo nothing to read
"""


@pytest.fixture
def careless(tmp_path: Path) -> Iterator[Host]:
    """A host whose program is started by somebody who leaves things behind."""
    made = Host(tmp_path, (sys.executable, "-c", _CARELESS, *PROGRAM))
    yield made
    made.close()


def _once(host: Host) -> None:
    host.run("update")


def _agent(host: Host) -> None:
    host.start()
    eventually(host.history, host.said)
    host.stop()


def _terminal(host: Host) -> None:
    """At a terminal that is ours, where somebody types ahead."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"typed ahead\n")
        command = ["setsid", "--ctty", "--wait", *host.program, "update"]
        subprocess.run(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=host.environ(), check=True,
            timeout=DEADLINE,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("way", [_once, _terminal, _agent], ids=["update", "terminal", "agent"])
def test_hook_runs_in_what_is_meant_for_it_and_nothing_of_ours(
    careless: Host, way: Callable[[Host], None]
) -> None:
    """No descriptor, mask, ignored signal, limit, secret or terminal; umask and such are kept."""
    host, look = careless, careless.folder / "look"
    look.write_text(_LOOK)
    host.configure(
        "worker { nofile = 77 }",
        host.service(f'after "script" {{ command = "bash {look}; true" }}'),
    )
    host.publish({"version": "1"})
    way(host)
    (done,) = host.history()
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert done["output"].splitlines() == [
        f"SigBlk:\t{0:016x}",
        f"SigIgn:\t{0:016x}",
        f"umask 0027, nice 3, oom 321, files {files}",
        "descriptors 0 1 2 255 3",
        "/dev/null",
        "a session without terminal: ?",
        "nothing at /dev/tty",
        "nothing to read",
    ]


def test_failing_hook_is_told_even_if_nobody_was_to_hear_of_children(careless: Host) -> None:
    """A parent that ignores SIGCHLD makes the kernel forget how children ended."""
    careless.configure(careless.service('after "script" { command = "exit 3" }'))
    careless.publish({"version": "1"})
    done = careless.run("update")
    assert done.returncode == 1
    assert "exited with status 3" in careless.history()[0]["error"]


# What a hook may do without a fault of its own, and without being in anybody's way.
_WILD = {
    "closes everything": "exec <&- >&- 2>&-; exit 0",
    "is told of a closed pipe": "yes | head -n 1 > /dev/null; test ${PIPESTATUS[0]} = 141",
    "floods": "head -c 30000000 /dev/zero | tr '\\0' x; echo; seq 3000; head -c 1000000 /dev/urandom",
    "forks": "for one in {1..50}; do (exit 3) & done; exit 0",
    "leaves a flood behind": "yes 0123456789012345678901234567890 & echo $! > flood; sleep 0.2",
    "asks": "! (: < /dev/tty) && ! read -r line",
}
_DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open("pid", "w").write(str(os.getpid()))
while not os.path.exists("go"): time.sleep(0.02)
for _ in range(200): os.write(1, b"a line of the daemon\\n" * 99)
open("done", "w").close()
time.sleep(300)
"""


def _script(host: Host, name: str, text: str, more: str = "") -> str:
    """An ``after`` hook that runs shell text in the host's folder."""
    path = host.folder / f"{name}.sh"
    path.write_text(f"cd {host.folder}\n{text}\n")
    return f'after "script" {{\n command = "exec bash \'{path}\'"\n {more}\n }}\n'


def test_wild_hooks_are_in_nobodys_way(host: Host) -> None:
    """All of them pass, the worker lives, and a daemon goes on, and writes, as it likes."""
    pid, done = host.folder / "pid", host.folder / "done"
    (host.folder / "daemon.py").write_text(_DAEMON)
    hooks = [_script(host, name, text) for name, text in _WILD.items()]
    # A daemon that keeps our pipe, in a session of its own.
    daemon = _script(
        host, "daemon", f"{sys.executable} daemon.py; until test -s pid; do sleep 0.02; done"
    )
    host.configure(host.service("\n".join([*hooks, daemon])))
    host.start()
    worker = psutil.Process(host.pid())
    host.publish({"version": "1"})
    try:
        host.until_version("1")
        (done_well,) = host.history()
        assert done_well["outcome"] == "updated"
        assert len(done_well["output"]) <= 64 << 10
        assert host.pid() == worker.pid
        assert worker.children() == []
        (host.folder / "go").touch()
        eventually(done.exists, "let the daemon write")
        assert host.stop() == 0
        assert psutil.pid_exists(int(pid.read_text()))
    finally:
        for name in ("pid", "flood"):
            with suppress(OSError, ValueError):
                os.kill(int((host.folder / name).read_text()), signal.SIGKILL)


def test_hook_whose_worker_dies_comes_to_its_end_and_is_heard(host: Host) -> None:
    """It is not ended by a word to nobody, nor held up by many: then it is repeated."""
    text = f"""
{host.mark("begins")}
until test -e go; do sleep 0.02; done
for one in {{1..3000}}; do echo "$one: a line that is long enough for three thousand to fill a pipe"; done
{host.mark("ends")}
"""
    host.configure(host.service(_script(host, "talks", text)))
    host.publish({"version": "1"})
    host.start()
    eventually(host.marked, host.said)
    os.kill(host.pid(), signal.SIGKILL)
    host.until_said("recovering an update that was cut off")
    (host.folder / "go").touch()
    eventually(host.history, "end the update")
    assert host.marked() == ["begins", "ends", "begins", "ends"]
    assert host.said().count("| 3000: a line") == 2
    assert host.stop() == 0


@pytest.mark.endurance
def test_hook_that_ignores_term_is_killed_ten_seconds_later(host: Host) -> None:
    """With all that it has in its group; the worker is attentive meanwhile."""
    text = "trap '' TERM; (echo $BASHPID > pid; while :; do sleep 0.1; done) & yes ignored; wait"
    host.configure(
        host.service(_script(host, "deaf", text, 'timeout = "1s" onFailure = "continue"'))
    )
    host.publish({"version": "1"})
    began = time.monotonic()
    host.start()
    host.until_version("1")
    assert time.monotonic() - began > 10
    host.until_said("after hook 1 (script): the script took longer than 1s and was ended; passed")
    # Killed by then, but whoever adopted it may be slow to bury it.
    pid = int((host.folder / "pid").read_text())
    eventually(lambda: not psutil.pid_exists(pid), "end all of the group")
    assert host.stop() == 0


@pytest.mark.endurance
def test_a_thousand_hooks_in_one_worker_leave_nothing(host: Host) -> None:
    """No process and no descriptor; and memory stays as it was after the first few hundred."""
    texts = [
        "true",
        "echo left behind; sleep 0.01 &",
        "seq 100 >&2",
        "exec <&- >&- 2>&-",
        "(setsid sleep 0.01 &); (exit 3) & yes | head -n 1",
    ]
    hooks = [f'before "script" {{ command = "{texts[one % 5]}" }}' for one in range(340)]
    host.configure(host.service("\n".join(hooks)))
    host.start()
    sizes, worker = [], psutil.Process(host.agent.pid)
    for version in ("1", "2", "3"):
        host.publish({"version": version})
        eventually(lambda: host.version() == version, host.said, 300)  # noqa: B023 - at once
        host.until_version(version)
        worker = psutil.Process(host.pid())
        eventually(lambda: not worker.children(), host.said)  # noqa: B023 - at once
        sizes.append((worker.pid, worker.num_fds(), worker.memory_info().rss))
    (pid, descriptors, _), second, third = sizes
    assert third[:2] == second[:2] == (pid, descriptors)
    assert third[2] - second[2] < 1 << 20
    # Whoever has just been answered may still be there.
    only = [psutil.Process(pid)]
    eventually(lambda: psutil.Process(host.agent.pid).children() == only, host.said)
    assert host.stop() == 0
