"""Updates at the command line that are called off, or whose terminal goes away."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.host import DEADLINE, PROGRAM, Host, eventually


class Update:
    """``dropship update`` under way on a host."""

    def __init__(self, host: Host, *before: str, terminal: int | None = None) -> None:
        self.host = host
        self._out = host.folder / "out"
        with self._out.open("wb") as out:
            stream = out if terminal is None else terminal
            self.process = subprocess.Popen(
                [*before, *PROGRAM, "update"],
                cwd=host.folder,
                env=host.environ(TERM="xterm"),
                stdin=stream if terminal else subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

    def said(self) -> str:
        """What it said on both streams."""
        return self._out.read_text()

    def until_in_hook(self) -> None:
        """Wait until the before hook runs."""
        eventually(lambda: "stop" in self.host.marked(), lambda: f"run the hook: {self.said()}")

    def ends(self) -> int:
        """Its exit code."""
        return self.process.wait(DEADLINE)

    def close(self) -> None:
        """Leave nothing running."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)


@pytest.fixture
def updates() -> Iterator[list[Update]]:
    """Updates to end whatever happens."""
    begun: list[Update] = []
    yield begun
    for one in begun:
        one.close()


@pytest.fixture
def gate(host: Host) -> Path:
    """The before hook of the host's service waits for this file."""
    gate = host.folder / "gate"
    waits = f"{host.mark('stop')}; until test -e {gate}; do sleep 0.05; done"
    host.configure(
        host.service(
            f'before "script" {{ command = "{waits}" }}\n'
            f'after "script" {{ command = "{host.mark("start")}" }}'
        )
    )
    host.publish({"version": "1"})
    return gate


def journal(host: Host) -> Path:
    """The step in flight."""
    return host.folder / "state" / "services" / "app" / "journal.json"


def test_hang_up_between_the_hooks_finishes_the_update(
    host: Host, gate: Path, updates: list[Update]
) -> None:
    """A service that was stopped is started again before the command ends."""
    update = Update(host)
    updates.append(update)
    update.until_in_hook()
    update.process.send_signal(signal.SIGHUP)
    gate.touch()
    assert update.ends() == 128 + signal.SIGHUP
    assert host.marked() == ["stop", "start"]
    assert host.version() == "1"
    assert not journal(host).exists()


def test_dropped_connection_finishes_the_update(
    host: Host, gate: Path, updates: list[Update]
) -> None:
    """A real terminal goes away with everything that would be drawn and said on it."""
    master, slave = os.openpty()
    update = Update(host, "setsid", "--ctty", terminal=slave)
    updates.append(update)
    os.close(slave)
    update.until_in_hook()
    os.close(master)
    gate.touch()
    assert update.ends() == 128 + signal.SIGHUP
    assert host.marked() == ["stop", "start"]
    assert host.version() == "1"
    assert not journal(host).exists()


def test_update_pressed_to_end_says_that_the_next_start_goes_on(
    host: Host, gate: Path, updates: list[Update]
) -> None:
    """Two signals: the hook is ended, nothing claims that all is well."""
    update = Update(host)
    updates.append(update)
    update.until_in_hook()
    update.process.send_signal(signal.SIGINT)
    update.process.send_signal(signal.SIGTERM)
    assert update.ends() in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert "dropship: app: interrupted; the next start goes on\n" in update.said()
    assert "up to date" not in update.said()
    assert journal(host).exists()
    gate.touch()
    assert host.run("update").returncode == 0
    assert host.version() == "1"


def test_update_called_off_while_downloading_says_so(host: Host, updates: list[Update]) -> None:
    """Ctrl-C before anything is touched: what is current stays, and is named."""
    host.configure(host.service(), main='repo "file" { maxRate = "1MB" }')
    host.publish({"version": "1", "much": os.urandom(30 << 20)})
    update = Update(host)
    updates.append(update)
    eventually(host.litter, lambda: f"begin to stage: {update.said()}")
    update.process.send_signal(signal.SIGINT)
    assert update.ends() == 130
    assert "dropship: app: interrupted; nothing is installed\n" in update.said()
    assert host.version() is None


def test_postponed_update_is_refused_and_no_failure(host: Host) -> None:
    """Exit status 75 of a before hook: come back later, nobody has to be woken."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    host.configure(host.service('before "script" { command = "exit 75" }'))
    host.publish({"version": "2"})
    done = host.run("update")
    assert (done.returncode, done.stdout) == (4, "")
    assert "dropship: app: not updated: " in done.stderr
    assert " ERROR " not in done.stderr
    assert host.version() == "1"
