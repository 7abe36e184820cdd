"""What an operator sees in a terminal, and what programs see instead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.host import PROGRAM, Host, eventually
from tests.e2e.window import Window

Open = Callable[..., Window]
_ALTERNATE = "\x1b[?1049h"


@pytest.fixture
def window(host: Host) -> Iterator[Open]:
    """Opens windows in which a command runs."""
    opened: list[Window] = []

    def new(*words: str, columns: int = 80, lines: int = 24, **environ: str) -> Window:
        clean = {
            k: v for k, v in host.environ().items() if k not in ("NO_COLOR", "TERM", "COLUMNS")
        }
        made = Window(
            [*PROGRAM, *words],
            cwd=host.folder,
            environ={**clean, **environ},
            columns=columns,
            lines=lines,
        )
        opened.append(made)
        return made

    yield new
    for one in opened:
        one.close()


def running(host: Host) -> None:
    """An agent that keeps ``app`` up to date."""
    host.configure(host.service(interval="1h"))
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    eventually(lambda: host.services()["app"]["state"] == "idle", host.said)


def echoes(window: Window) -> bool:
    """Whether what is typed is shown, as in any shell."""
    return bool(termios.tcgetattr(window._slave)[3] & termios.ECHO)


def test_watch_outlives_the_agent_and_ends_at_a_key(host: Host, window: Open) -> None:
    """Says that it ended and that it is back; ``q`` ends it, and the terminal is as it was."""
    running(host)
    watching = window("status", "--watch")
    at = watching.until(f"agent {host.agent.pid}, version ")
    at = watching.until("q ends it", after=at)
    assert _ALTERNATE in watching.raw
    assert not echoes(watching)
    assert host.stop() == 0
    at = watching.until("no agent runs; what follows is what state says", after=at)
    host.start()
    at = watching.until(f"agent {host.agent.pid}, version ", after=at)
    watching.type("q")
    assert watching.ended() == 0
    # What was seen last stays where the operator was.
    left = watching.raw.rpartition("\x1b[?1049l")[2]
    assert f"agent {host.agent.pid}, version " in left
    assert "\napp " in left.replace("\x1b[1m", "").replace("\r", "")
    assert termios.tcgetattr(watching._slave) == watching.before


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda one: one.type("\x03"), 130),
        (lambda one: one.process.send_signal(signal.SIGTERM), 143),
        (lambda one: one.process.send_signal(signal.SIGHUP), 129),
    ],
)
def test_watch_that_is_interrupted_leaves_a_good_terminal(
    host: Host, window: Open, end: Callable[[Window], None], code: int
) -> None:
    """The exit code of whoever ended it."""
    running(host)
    watching = window("status", "--watch")
    watching.until("q ends it")
    end(watching)
    assert watching.ended() == code
    assert watching.raw.rfind("\x1b[?1049l") > watching.raw.rfind(_ALTERNATE)
    assert watching.raw.rfind("\x1b[?25h") > watching.raw.rfind("\x1b[?25l")
    assert termios.tcgetattr(watching._slave) == watching.before


def test_watch_follows_the_window(host: Host, window: Open) -> None:
    """Wide: the whole name of the release; narrow: less of it, and nothing wraps."""
    running(host)
    (release,) = host.releases()
    watching = window("status", "--watch", columns=100)
    at = watching.until(release)
    watching.resize(50, 10)
    at = watching.until(f" {release[-12:]} ", after=at)
    watching.type("q")
    assert watching.ended() == 0


def test_watch_without_colour_is_a_table_whenever_something_happens(
    host: Host, window: Open
) -> None:
    """No code of the terminal is used then."""
    running(host)
    watching = window("status", "--watch", NO_COLOR="1")
    at = watching.until("idle")
    assert host.run("pause", "--reason", "tests").returncode == 0
    at = watching.until("paused by ", after=at)
    watching.type("\x03")
    assert watching.ended() == 130
    assert "\x1b" not in watching.raw


def test_watch_needs_a_terminal(host: Host) -> None:
    """Exit 2, and what to do instead; the same together with json."""
    host.configure(host.service())
    for words in (["--watch"], ["--watch", "--format", "json"]):
        done = host.run("status", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--format json" in done.stderr


def test_watch_of_an_unknown_service_is_wrong_usage(host: Host, window: Open) -> None:
    """Not a picture of nothing."""
    running(host)
    watching = window("status", "ap", "--watch")
    assert watching.ended() == 2
    assert 'did you mean "app"?' in watching.text


def test_status_in_a_terminal_has_colour_and_in_a_pipe_none(host: Host, window: Open) -> None:
    """And a user who wants none gets none."""
    running(host)
    assert "\x1b[32midle" in _whole(window("status"))
    assert "\x1b" not in _whole(window("status", NO_COLOR="1"))
    assert "\x1b" not in _whole(window("status", TERM="dumb"))
    assert "\x1b" not in host.run("status", TERM="xterm", FORCE_COLOR="1").stdout


def _whole(window: Window) -> str:
    assert window.ended() == 0
    return window.raw


@pytest.mark.parametrize("command", ["status", "history", "why app", "releases app"])
def test_pipe_needs_no_drawing(host: Host, command: str) -> None:
    """What only draws is not imported: programs ask often."""
    host.configure(host.service())
    code = (
        "import sys; from dropship.cli.main import run\n"
        f"run({command.split()!r}); sys.exit('rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=host.folder,
        env=host.environ(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_update_that_is_watched_no_more_goes_on(host: Host, window: Open) -> None:
    """Ctrl-C: the rows are taken back, the agent goes on, exit 130."""
    waits = f"until test -e {host.folder}/gate; do sleep 0.05; done"
    host.configure(host.service(f'before "script" {{ command = "{waits}" }}', interval="1h"))
    host.start()
    host.until_said("there is no such file")
    host.publish({"version": "1"})
    updating = window("update", columns=60)
    updating.until("running the before hooks")
    updating.type("\x03")
    assert updating.ended() == 130
    before, said, _ = updating.raw.partition("the agent goes on with it")
    assert said
    assert before.endswith("\x1b[1A\x1b[2K")  # the row is taken back
    (host.folder / "gate").touch()
    host.until_version("1")


def test_refusal_stands_on_a_line_of_its_own(host: Host, window: Open) -> None:
    """The row of what goes on is taken back before anything else is printed."""
    waits = f"until test -e {host.folder}/gate; do sleep 0.05; done"
    host.configure(host.service(f'before "script" {{ command = "{waits}" }}', interval="1h"))
    host.publish({"version": "1"})
    host.start()
    host.until_said("running the before hooks")
    updating = window("update", columns=60)
    assert updating.ended() == 4
    assert "app  running the before hooks" in updating.text
    before, said, _ = updating.raw.partition("dropship: app: busy")
    assert said
    assert before.endswith(("\n", "\x1b[2K"))


def test_words_of_a_hook_do_not_steer_the_terminal(host: Host, window: Open) -> None:
    """A release's health check may print anything."""
    nasty = "printf '\\\\033]0;owned\\\\007\\\\033[2J'; exit 1"
    health = f'health "script" {{ command = "{nasty}" \n within = "1s" }}'
    host.configure(host.service(health, interval="1h"))
    host.publish({"version": "1"})
    updating = window("update", columns=120)
    assert updating.ended() == 1
    for command in ("status", "history", "why app", "check"):
        shown = window(*command.split())
        shown.ended()
        assert "owned\x07" not in shown.raw
        assert "\x1b[2J" not in shown.raw


def test_agent_that_hangs_leaves_what_state_says(host: Host) -> None:
    """Text and json, exit 1, and the error where errors are."""
    running(host)
    os.kill(host.agent.pid, signal.SIGSTOP)
    try:
        said = f"the agent (process {host.agent.pid}) has not answered for 10 s"
        text = host.run("status")
        assert text.returncode == 1
        assert text.stdout.startswith(f"{said}; what follows is what state says\n")
        assert "\napp      idle " in text.stdout
        assert text.stderr.startswith(f"dropship: {said}")
        document = host.run("status", "--format", "json")
        found = json.loads(document.stdout)
        assert document.returncode == 1
        assert (found["agent"]["running"], found["agent"]["pid"]) == (True, host.agent.pid)
        assert found["services"][0]["release"] == host.releases()[0]
    finally:
        os.kill(host.agent.pid, signal.SIGCONT)


def test_why_tells_of_a_release_that_failed(host: Host) -> None:
    """With the agent and without, exit 0: it answered."""
    host.configure(host.service('health "script" { command = "exit 7" \n within = "1s" }'))
    host.publish({"version": "1"})
    host.start()
    eventually(lambda: (host.services().get("app") or {}).get("quarantined"), host.said)
    _told_why(host)
    assert host.stop() == 0
    _told_why(host)
    assert host.run("why", "pap").returncode == 2
    assert host.run("why").returncode == 2


def _told_why(host: Host) -> None:
    done = host.run("why", "app")
    assert done.returncode == 0
    assert done.stdout.startswith("app is not up to date: quarantined since ")
    assert "exit 7 did not hold" in done.stdout
    found = json.loads(host.run("why", "app", "--format", "json").stdout)
    assert (found["upToDate"], found["code"]) == (False, "quarantined")


def test_logs_are_told_with_an_agent_and_without(host: Host) -> None:
    """The last lines, the hook's among them; the same objects as in the file."""
    hook = r"printf '\\033[2Jready\\n'"
    host.configure(host.service(f'after "script" {{ command = "{hook}" }}', interval="1h"))
    nothing = host.run("logs", "app")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "nothing has been said of app yet" in nothing.stderr
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    host.until_said("updated to")
    with_agent = host.run("logs", "app")
    assert with_agent.returncode == 0
    assert "Z INFO [app] | \\x1b[2Jready\n" in with_agent.stdout
    assert with_agent.stdout.splitlines()[-1] in host.said()
    assert host.stop() == 0
    (last,) = host.run("logs", "app", "--lines", "1").stdout.splitlines()
    assert " [app] " in last
    kept = (host.folder / "state" / "services" / "app" / "log.jsonl").read_text().splitlines()
    shown = host.run("logs", "app", "--lines", "3", "--format", "json").stdout.splitlines()
    assert [json.loads(one) for one in shown] == [json.loads(one) for one in kept[-3:]]
    assert host.run("logs", "ap").returncode == 2
    assert host.run("logs", "app", "--lines", "0").returncode == 2
