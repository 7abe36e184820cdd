"""``dropship demo``, run as somebody runs it who has just installed it."""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.host import PROGRAM, eventually
from tests.folders import names
from tests.servers.process import free_port, missing

# Far more than it takes: machines of tests are slow, and nothing here is about time.
DEADLINE = 240.0

STEPS = (
    "a store, a configuration and a little web service are made",
    "an agent is started",
    "version 1 is put into the store",
    "version 2 is put into the store",
    "is killed (SIGKILL)",
    "version 3 is put into the store",
    "version 4 is put into the store",
    "dropship status",
    "dropship history web",
    "everything that was started is stopped",
)


def environ(**more: str) -> dict[str, str]:
    """A user's environment, with a configuration of his own that is none of the demo's business."""
    kept = {name: one for name, one in os.environ.items() if not name.startswith("DROPSHIP_")}
    return {**kept, "DROPSHIP_CONFIG": "/nowhere.hcl", **more}


def demo(*words: str | Path, before: tuple[str, ...] = (), **more: str) -> tuple[int, str, str]:
    """Run it to its end: exit code, standard output, standard error."""
    done = subprocess.run(
        [*before, *PROGRAM, "demo", *words],
        env=environ(**more), capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def left_running(folder: Path) -> list[str]:
    """Processes that were started with the folder in mind, or stand in it."""
    found = []
    for one in psutil.process_iter():
        try:
            about = " ".join([*one.cmdline(), one.cwd(), *one.environ().values()])
        except psutil.Error:
            continue
        if str(folder) in about and one.pid != os.getpid():
            found.append(f"{one.pid} {one.cmdline()}")
    return found


def in_order(text: str, parts: tuple[str, ...]) -> None:
    """Each part is in the text, behind the one before."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not there, or too early, in:\n{text}"
        at = found + len(part)


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    """Where temporary files go; nothing may run on after a test, but for a command that soon ends."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    yield folder
    eventually(lambda: not left_running(tmp_path), lambda: f"end: {left_running(tmp_path)}")


# --- the story --------------------------------------------------------------------------------------


def test_story_comes_out_right_in_a_folder_and_leaves_nothing_outside_of_it(
    tmp_path: Path, temporary: Path
) -> None:
    """Every step in order, to a reader who knows ASCII only, in a folder with an odd name."""
    folder, port = tmp_path / "it's 1 demo", free_port()
    code, out, errors = demo(
        folder, "--port", str(port), TMPDIR=str(temporary), PYTHONIOENCODING="ascii"
    )
    assert code == 0, out + errors
    assert errors == ""
    in_order(out, STEPS)
    for version in (1, 2, 4):
        assert f"http://127.0.0.1:{port}/ answers: Hello, this is version {version}." in out
    assert "version 3 is in quarantine" in out
    assert "nothing is left running" in out
    assert names(tmp_path) == [folder.name, "tmp"]
    made = {"agent.log", "dropship.hcl", "srv", "state", "store", "web.pid"}
    assert set(names(folder)) - {"run"} == made
    assert names(temporary) == []
    with socket.create_server(("127.0.0.1", port)):
        pass  # nobody listens there any more


def test_story_on_a_terminal_ends_with_what_really_works_in_a_temporary_folder(
    tmp_path: Path, temporary: Path
) -> None:
    """In colour; the folder is named at the end, with commands that do something when typed."""
    code, out = on_a_terminal(temporary)
    assert code == 0, out
    in_order(out, STEPS)
    assert "\x1b[" in out
    (folder,) = temporary.iterdir()
    story, _, following = re.sub(r"\x1b\[[0-9;]*m", "", out).partition("What to try next")
    assert str(folder) in story.rpartition("nothing is left running")[2]
    said = [shlex.split(line) for line in following.splitlines() if line.strip()]
    assert len(said) >= 4
    (status,) = (words for words in said if words[-1] == "status")
    done = subprocess.run(status, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "idle" in done.stdout
    assert tmp_path in folder.parents


def on_a_terminal(temporary: Path) -> tuple[int, str]:
    """Run it on a terminal of its own; gives exit code and what is seen."""
    terminal, its = pty.openpty()
    variables = environ(TMPDIR=str(temporary), TERM="xterm-256color")
    variables.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*PROGRAM, "demo"], env=variables, stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as running:
        os.close(its)
        seen = bytearray()
        with suppress(OSError):  # EIO: how a terminal ends
            while piece := os.read(terminal, 4096):
                seen += piece
        os.close(terminal)
        code = running.wait(DEADLINE)
    return code, seen.decode().replace("\r\n", "\n")


# --- made to fail -----------------------------------------------------------------------------------


def test_port_that_is_taken_is_told_before_anything_is_made(
    tmp_path: Path, temporary: Path
) -> None:
    """Exit 1, one line, no folder."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, errors = demo(tmp_path / "demo", "--port", str(port), TMPDIR=str(temporary))
    assert (code, out) == (1, "")
    assert errors == (
        f"dropship: port {port} of 127.0.0.1 cannot be listened on: Address already in use; "
        "name another with --port, or none and a free one is chosen\n"
    )
    assert names(tmp_path) == ["tmp"]


def test_folder_that_may_not_be_written_to_is_told(tmp_path: Path, temporary: Path) -> None:
    """Exit 1, one line; root is made to heed modes, as everybody else does."""
    folder = tmp_path / "demo"
    folder.mkdir(mode=0o555)
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            missing("setpriv")
        before = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    for wanted, named in ((folder, folder / "store"), (folder / "new", folder / "new")):
        code, out, errors = demo(wanted, before=before, TMPDIR=str(temporary))
        assert (code, out) == (1, "")
        assert errors == (
            f"dropship: {named} cannot be made: Permission denied; "
            "name a folder that you may write to\n"
        )
    assert names(folder) == []


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path, temporary: Path) -> None:
    """Exit 2: it was called wrongly."""
    (tmp_path / "mine").touch()
    code, out, errors = demo(tmp_path, TMPDIR=str(temporary))
    assert (code, out) == (2, "")
    assert f"{tmp_path} is not empty" in errors
    assert names(tmp_path) == ["mine", "tmp"]


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_port_that_is_none_is_wrong_usage(tmp_path: Path, port: str) -> None:
    """Exit 2, and what a port is."""
    code, out, errors = demo(tmp_path / "demo", "--port", port)
    assert (code, out) == (2, "")
    assert f"{port!r} is no port from 1 to 65535" in errors
    assert names(tmp_path) == []


def test_worker_that_cannot_be_killed_is_told_and_everything_is_stopped(
    tmp_path: Path, temporary: Path
) -> None:
    """kill(2) is refused, to the demo and to all that it starts: exit 1, and nothing runs on."""
    if shutil.which("strace") is None:
        missing("strace")
    refuse = ("strace", "-f", "-o", str(temporary / "trace"), "-e", "trace=kill")
    code, out, errors = demo(
        tmp_path / "demo",
        before=(*refuse, "-e", "inject=kill:error=EPERM"),
        TMPDIR=str(temporary),
    )
    assert code == 1, out + errors
    assert "nothing is left running" in out
    assert "agent.log:" in out
    assert re.fullmatch(
        r"dropship: the demo failed: the worker, process \d+, cannot be killed: "
        r"Operation not permitted\n",
        errors,
    )
    assert left_running(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "moment", "code"),
    [
        (signal.SIGINT, "checking health\n", 130),
        (signal.SIGTERM, "version 1 is put", 143),
    ],
)
def test_interrupted_demo_stops_everything_and_says_where_it_is(
    tmp_path: Path, temporary: Path, number: signal.Signals, moment: str, code: int
) -> None:
    """In the middle of going back, and as soon as an agent runs; a second signal changes nothing."""
    folder = tmp_path / "demo"
    command = [*PROGRAM, "demo", str(folder)]
    with subprocess.Popen(
        command, env=environ(TMPDIR=str(temporary)), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        for line in running.stdout:
            if moment in line:
                running.send_signal(number)
            if "is stopped" in line:
                running.send_signal(number)
                break
        out, errors = running.communicate(timeout=DEADLINE)
        assert (running.returncode, errors) == (code, "")
    assert "nothing is left running" in out
    assert f"what there is to look at is in {folder}" in out
    assert left_running(tmp_path) == []


def test_demo_that_is_killed_takes_its_agent_with_it(tmp_path: Path, temporary: Path) -> None:
    """Nobody else would stop it; what a hook left in the background is beyond anybody's reach."""
    folder = tmp_path / "demo"
    with subprocess.Popen(
        [*PROGRAM, "demo", str(folder)], env=environ(TMPDIR=str(temporary)),
        stdout=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        agent = next(
            int(found[1]) for line in running.stdout if (found := re.search(r"agent (\d+) runs", line))
        )  # fmt: skip
        process = psutil.Process(agent)
        assert str(folder / "dropship.hcl") in process.cmdline()
        running.kill()
    process.wait(DEADLINE)
    pid_file = folder / "web.pid"
    if pid_file.exists():
        server = Path(f"{folder}/srv/web/server.py")
        subprocess.run([sys.executable, server, "stop", pid_file], check=True, timeout=60)
