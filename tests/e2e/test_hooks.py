"""Hooks as the operator's commands meet them: what they run in, and what they may do to us."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.host import PROGRAM, Host, eventually

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


@pytest.mark.parametrize("way", [_once, _agent], ids=["update", "agent"])
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
