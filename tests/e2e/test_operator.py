"""What operators do by hand, with the real program: go back, pause, insist, all at once."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cli.documents import document
from tests.e2e.host import DEADLINE, PROGRAM, Host, eventually

Done = subprocess.CompletedProcess[str]


def serve(host: Host, *services: str, before: str = "true", bad: str = "bad") -> None:
    """Configure ``app``, whose hooks tell what they are told and whose health is its version's."""
    told = "$DROPSHIP_PHASE$DROPSHIP_ROLLBACK"
    there = host.destination()
    host.configure(
        host.service(
            f"""
  before "script" {{ command = "{before}; echo {told} $(cat {there}/version) >> {host.marks}" }}
  after  "script" {{ command = "echo {told} $(cat {there}/version) >> {host.marks}" }}
  failed "script" {{ command = "echo {told} >> {host.marks}" }}
  health "script" {{
    command = "echo health >> {host.marks}; ! grep -q {bad} {there}/version"
    within = "2s"
    interval = "50ms"
  }}
""",
            interval="1h",
        ),
        *services,
    )


def deploy(host: Host, *versions: str) -> list[str]:
    """Versions one after the other; gives their releases, and forgets the marks."""
    names = []
    for version in versions:
        host.publish({"version": version})
        done = host.run("update", "app")
        assert done.returncode == 0, done
        names.append(str(host.saved()["current"]["name"]))
    host.marks.unlink()
    return names


def state(host: Host, name: str = "app") -> dict[str, Any]:
    """What ``status`` says of a service."""
    return {one["name"]: one for one in host.status()["services"]}[name]


def attend(host: Host) -> None:
    """Start an agent and have it check everything."""
    host.start()
    eventually(
        lambda: host.services() and all(one["lastCheck"] for one in host.services().values()),
        lambda: f"check: {host.said()}",
    )


def gate(host: Host) -> str:
    """Shell text that waits for the file ``gate``."""
    return f"echo waiting >> {host.marks}; until test -e {host.folder}/gate; do sleep 0.02; done"


@pytest.mark.parametrize("attended", [False, True], ids=["alone", "attended"])
def test_rollback_is_an_update_and_its_origin_is_not_brought_back(
    host: Host, *, attended: bool
) -> None:
    """Hooks and health as ever, no DROPSHIP_ROLLBACK; checks leave it alone until ``retry``."""
    serve(host)
    one, two = deploy(host, "1", "2")
    if attended:
        attend(host)
    done = host.run("rollback", "app")
    assert (done.returncode, done.stdout) == (0, f"app: went back, {one} is current\n")
    assert host.version() == "1"
    assert host.marked() == ["before 2", "after 1", "health"]
    assert host.history()[-1]["outcome"] == "updated"
    assert host.history()[-1]["release"] == one
    rows = document("history", host.run("history", "app", "--format", "json").stdout)
    assert [row["byHand"] for row in rows] == [True, False, False]
    assert "updated, by hand" in host.run("history", "app").stdout
    assert len(state(host)["quarantined"]) == 1
    again = host.run("update", "app")
    assert again.returncode == 4
    assert f"left by hand for {one}" in again.stderr
    assert host.version() == "1"
    # What is named may be older; it is gone to past the quarantine, too.
    named = host.run("rollback", "app", two)
    assert (named.returncode, named.stdout) == (0, f"app: went back, {two} is current\n")
    assert host.run("rollback", "app").returncode == 0
    assert host.version() == "1"
    assert host.run("retry", "app").returncode == 0
    if attended:
        # At once, without anybody's asking.
        host.until_version("2")
    else:
        assert host.run("update", "app").returncode == 0
    assert host.version() == "2"
    assert state(host)["quarantined"] == []
    # With an agent all that was done by the agent, and the command line's own hands did nothing.
    assert ("rollback of app asked for by uid" in host.said()) is attended


@pytest.mark.parametrize("attended", [False, True], ids=["alone", "attended"])
def test_rollback_that_does_not_come_up_goes_forward_again(host: Host, *, attended: bool) -> None:
    """Exit 1 with the reason; stop, start, people told; what could not be gone back to is bad."""
    serve(host)
    _one, two = deploy(host, "1", "2")
    serve(host, bad="1")
    if attended:
        attend(host)
    done = host.run("rollback", "app")
    assert (done.returncode, done.stdout) == (1, "")
    said = done.stderr.splitlines()[-1]
    assert said.startswith("dropship: app: failed: ")
    assert said.endswith(f"; {two} is current")
    assert host.version() == "2"
    assert [mark for mark in host.marked() if mark != "health"] == [
        "before 2",
        "after 1",
        "before1 1",
        "after1 2",
        "failed1",
    ]
    found = state(host)
    assert (found["state"], found["release"]) == ("failed", two)
    assert len(found["quarantined"]) == 1
    assert host.run("update", "app").returncode == 0  # two is what the store has


def test_pause_outlives_agent_and_host_and_force_goes_past_it(host: Host) -> None:
    """It shows with reason, time and author, keeps every check from updating, until resumed."""
    serve(host)
    deploy(host, "1")
    attend(host)
    began = time.time()
    done = host.run("pause", "--reason", "load test until 18:00", SUDO_USER="ann")
    assert (done.returncode, done.stdout) == (
        0,
        "app: paused; what is under way is finished first\n",
    )
    host.publish({"version": "2"})
    for end in ("kill", "stop"):
        if end == "kill":
            host.agent.kill()  # as a host that loses its power
            host.agent.wait(DEADLINE)
            assert state(host)["state"] == "paused"  # without an agent, too
        else:
            assert host.stop() == 0
        attend(host)
        found = state(host)
        assert found["state"] == "paused"
        assert found["paused"]["reason"] == "load test until 18:00"
        assert found["paused"]["by"] == ("ann" if os.geteuid() == 0 else found["paused"]["by"])
        assert host.saved()["paused"]["since"] == pytest.approx(began, abs=DEADLINE)
        assert "load test until 18:00" in host.run("status").stdout
    refused = host.run("update", "app")
    assert refused.returncode == 4
    assert "paused: load test until 18:00" in refused.stderr
    assert host.version() == "1"
    assert host.run("update", "app", "--force").returncode == 0
    assert host.version() == "2"
    assert state(host)["state"] == "paused"
    host.publish({"version": "3"})
    assert host.run("resume", "app").stdout == "app: updates go on\n"
    host.until_version("3")  # at once, without anybody's asking
    eventually(lambda: state(host)["state"] == "idle", "rest")
    assert host.stop() == 0


def test_force_goes_past_a_quarantine_and_installs_the_same_bytes_again(host: Host) -> None:
    """Through the agent as without one."""
    serve(host)
    (one,) = deploy(host, "1")
    host.publish({"version": "bad"})
    attend(host)
    eventually(lambda: state(host)["state"] == "failed", "take it back")
    assert host.run("update", "app").returncode == 4
    forced = host.run("update", "app", "--force")
    assert forced.returncode == 1
    assert "did not hold" in forced.stderr
    assert host.version() == "1"
    serve(host, bad="nothing-of-that-kind")
    assert host.run("reload").stdout == "reloaded: changed app\n"
    assert host.run("update", "app", "--force").returncode == 0
    assert host.version() == "bad"
    assert state(host)["quarantined"] == []
    bad = host.saved()["current"]["name"]
    assert host.run("update", "app", "--force").returncode == 0
    assert host.saved()["current"]["name"] not in (one, bad)
    assert host.version() == "bad"


@contextmanager
def running(host: Host, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command under way."""
    with subprocess.Popen(
        [*PROGRAM, *words],
        cwd=host.folder,
        env=host.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_busy_service_refuses_and_whoever_waits_may_leave(host: Host) -> None:
    """Two updates at once, a rollback on top: 4 with what goes on; Ctrl-C ends only the waiting."""
    serve(host)
    deploy(host, "1")
    serve(host, before=gate(host))
    attend(host)
    host.publish({"version": "2"})
    with running(host, "update", "app") as first:
        eventually(lambda: "waiting" in host.marked(), "run the hook")
        for words in (("update", "app"), ("update", "app", "--force"), ("rollback", "app")):
            done = host.run(*words)
            assert (done.returncode, done.stdout) == (4, "")
            assert done.stderr.endswith("dropship: app: busy: running the before hooks\n")
        with running(host, "pause", "app", "--reason", "freeze") as pause:
            assert pause.wait(DEADLINE) == 0  # noted now, for the next gate
        first.send_signal(signal.SIGINT)
        out, err = first.communicate(timeout=DEADLINE)
        assert (first.returncode, out) == (130, "")
        assert "app: running the before hooks" in err
        assert err.endswith("the agent goes on with it; dropship status shows how far it is\n")
    (host.folder / "gate").touch()
    host.until_version("2")
    assert state(host)["state"] == "paused"


def test_update_through_the_agent_shows_its_steps_and_its_end(host: Host) -> None:
    """One line for each new step on standard error, the outcome on standard output."""
    serve(host)
    deploy(host, "1")
    serve(host, before=gate(host))
    attend(host)
    host.publish({"version": "2"})
    with running(host, "update", "app") as update:
        eventually(lambda: "waiting" in host.marked(), "run the hook")
        # The step is told twice a second at most: seen by the one who asks, before it is over.
        assert update.stderr is not None
        heard = [update.stderr.readline()]
        while "running the before hooks" not in heard[-1]:
            heard.append(update.stderr.readline())
        (host.folder / "gate").touch()
        out, _ = update.communicate(timeout=DEADLINE)
    assert update.returncode == 0
    assert out == f"app: updated, {host.saved()['current']['name']} is current\n"
    assert all(line.startswith("app: ") for line in heard)


def test_several_services_are_updated_at_once_and_the_worst_decides(host: Host) -> None:
    """One fails, one is paused, two are well: 1, and a line for each."""
    others = [host.service(name=name, interval="1h") for name in ("b", "c", "d")]
    serve(host, *others)
    deploy(host, "1")
    for name in ("b", "c", "d"):
        host.publish({"version": "1"}, name)
    attend(host)
    for name in ("b", "c", "d"):
        host.until_version("1", name)
        host.publish({"version": "2"}, name)
    assert host.run("pause", "c", "--reason", "freeze").returncode == 0
    host.publish({"version": "bad"})
    done = host.run("update")
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["b", "d"]
    errors = [line for line in done.stderr.splitlines() if line.startswith("dropship: ")]
    assert [line.split(": ")[1] for line in errors] == ["app", "c"]
    assert [host.version(name) for name in ("app", "b", "c", "d")] == ["1", "2", "1", "2"]
    assert host.run("update", "b", "c").returncode == 4
    assert host.run("update", "b", "d").returncode == 0


def test_dry_run_agent_and_a_blocked_worker_refuse(host: Host) -> None:
    """Neither does what it is told, and both say why."""
    serve(host)
    deploy(host, "1")
    host.publish({"version": "2"})
    host.start("--dry-run")
    eventually(lambda: host.services().get("app", {}).get("lastCheck"), "look")
    for words in (("update",), ("rollback", "app"), ("pause", "--reason", "x")):
        done = host.run(*words)
        assert (done.returncode, done.stdout) == (4, "")
        assert done.stderr.endswith("dropship: app: the agent only looks (--dry-run)\n")
    assert (host.version(), host.saved()["paused"]) == ("1", None)
    assert host.stop() == 0
    serve(host, before=gate(host))
    with running(host, "update", "app") as update:
        eventually(lambda: "waiting" in host.marked(), "run the hook")
        host.start()
        eventually(lambda: state(host)["state"] == "blocked", "be blocked")
        for words in (("update",), ("pause", "--reason", "x"), ("rollback", "app")):
            done = host.run(*words)
            assert (done.returncode, done.stdout) == (4, "")
            assert f"is driven by process {update.pid} (dropship update)" in done.stderr
        (host.folder / "gate").touch()
        assert update.wait(DEADLINE) == 0
    assert host.version() == "2"
    eventually(lambda: state(host)["state"] == "idle", "go on")
