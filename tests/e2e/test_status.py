"""What ``status`` tells of workers that come to their end, and of files that cannot be read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil

from dropship.agent.answers import seconds_of
from tests.e2e.host import PROGRAM, Host, eventually


def by_name(host: Host) -> dict[str, Any]:
    """The services of ``status --format json``."""
    return {one["name"]: one for one in host.status()["services"]}


def two_services(host: Host) -> None:
    """One that is installed at once, and ``slow``, whose hook waits for the file ``gate``."""
    waits = f"until test -e {host.folder}/gate; do sleep 0.05; done"
    host.configure(
        host.service(), host.service(f'before "script" {{ command = "{waits}" }}', name="slow")
    )
    host.publish({"version": "1"})
    host.publish({"version": "1"}, "slow")


def worker_ended(host: Host, name: str = "app") -> bool:
    """Whether the agent has buried a worker."""
    worker = host.worker(name)
    return bool(worker.get("lastExit")) and worker["pid"] is None


def test_worker_that_did_its_work_once_has_not_crashed(host: Host) -> None:
    """Others are still at work; the exit code of status is good."""
    two_services(host)
    host.start("--once")
    eventually(lambda: worker_ended(host), lambda: f"end: {host.said()}")
    done = host.run("status")
    assert (done.returncode, "crashed" in done.stdout) == (0, False), done.stdout
    assert by_name(host)["app"]["state"] == "idle"
    (host.folder / "gate").touch()
    assert host.agent.wait(60) == 0


def test_worker_that_was_asked_to_end_has_not_crashed(host: Host) -> None:
    """The agent stops, and waits for another one's update."""
    two_services(host)
    host.start()
    host.until_version("1")
    host.until_said("[slow] running the before hooks")
    host.agent.send_signal(signal.SIGTERM)
    eventually(lambda: worker_ended(host), lambda: f"end: {host.said()}")
    assert host.run("status").returncode == 0
    assert by_name(host)["app"]["state"] == "idle"
    (host.folder / "gate").touch()
    assert host.agent.wait(60) == 0


def test_worker_that_ended_badly_once_has_crashed(host: Host) -> None:
    """A store that cannot be asked: exit 1, as the agent's own will be."""
    two_services(host)
    (host.store / "app.tar.gz").unlink()
    host.start("--once")
    eventually(lambda: worker_ended(host), lambda: f"end: {host.said()}")
    assert host.run("status").returncode == 1
    assert by_name(host)["app"]["state"] == "crashed"
    (host.folder / "gate").touch()
    assert host.agent.wait(60) == 1


def test_journal_that_cannot_be_read_blocks_its_service(host: Host) -> None:
    """It keeps the worker from working, so status names the file."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    journal = host.folder / "state" / "services" / "app" / "journal.json"
    journal.write_text("{ not json")
    app = by_name(host)["app"]
    assert app["state"] == "blocked"
    assert str(journal) in app["lastError"]
    assert journal.read_text() == "{ not json"


def test_status_is_about_one_service_or_all(host: Host) -> None:
    """Two names are a wrong call."""
    two_services(host)
    both = host.run("status").stdout
    assert "\napp " in both
    assert "\nslow " in both
    one = host.run("status", "slow").stdout
    assert "\napp " not in one
    assert "\nslow " in one
    assert host.run("status", "--format", "json", "slow").returncode == 3
    assert host.run("status", "app", "slow").returncode == 2
    assert 'did you mean "slow"?' in host.run("status", "slwo").stderr


def test_one_folder_for_run_and_state_is_locked_once(host: Host) -> None:
    """The agent does not stand in its own way, and a second one is still refused."""
    host.configure(host.service(), main=f'run_path = "{host.folder}/state/../state"\n')
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    second = host.run("agent")
    assert second.returncode == 1
    assert f"is used by another agent: process {host.agent.pid} " in second.stderr
    assert host.stop() == 0


def test_sigusr1_makes_a_dry_run_look_now(host: Host) -> None:
    """An hour's interval is not waited for."""
    host.configure(host.service(interval="1h"))
    host.publish({"version": "1"})
    host.start("--dry-run")
    host.until_said("[app] outdated")
    host.agent.send_signal(signal.SIGUSR1)
    host.until_said("[app] outdated", 2)
    assert host.stop() == 0
    assert host.version() is None


def test_agent_that_dies_while_it_is_asked_leaves_what_is_on_disk(host: Host) -> None:
    """A question is answered all the same: by the state, with exit 3."""
    host.configure(host.service(interval="1h"))
    host.publish({"version": "1"})
    agent = host.start()
    host.until_version("1")
    worker = host.pid()
    state = host.folder / "state" / "services" / "app" / "state.json"
    aside = state.with_name("aside")
    state.rename(aside)
    os.mkfifo(state)  # a disk that does not answer
    with subprocess.Popen(
        [*PROGRAM, "status"],
        env=host.environ(),
        cwd=host.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        others = psutil.Process(agent.pid).children
        title = b"dropship: answering"
        eventually(
            lambda: any(
                Path(f"/proc/{one.pid}/cmdline").read_bytes().startswith(title)
                for one in others()
                if one.pid != worker
            ),
            "be asked",
        )
        aside.rename(state)
        agent.kill()
        out, err = asking.communicate(timeout=60)
    assert (asking.returncode, err) == (3, "")
    assert out.startswith("no agent runs; ")
    assert host.releases()[0] in out


def test_status_tells_which_hook_runs_and_how_far_health_is(host: Host) -> None:
    """So that whoever watches knows what is waited for, and how long yet."""
    until = f"until test -e {host.folder}/%s; do sleep 0.02; done"
    host.configure(
        host.service(
            f"""
  after "script" {{ command = "true" }}
  after "script" {{ command = "{until % "hooked"}" }}
  health "script" {{
    command = <<X
test -e {host.folder}/works || exit 3
{host.mark("look")}
case $(wc -l < {host.marks}) in
  3) {until % "third"} ;;
  4) {until % "fourth"} ;;
esac
X
    interval  = "100ms"
    successes = 3
    within    = "1000s"
    timeout   = "600s"
    holdFor   = "100ms"
  }}
"""
        )
    )
    host.publish({"version": "1"})
    host.start()
    for text, gate in (
        ("running the after hooks (hook 2, script)", "hooked"),
        ("s left: the script exited with status 3)", "works"),
        ("(health: 2 of 3, 9", "third"),
        ("(health: it holds, 0 s left)", "fourth"),
    ):
        eventually(lambda: text in host.run("status").stdout, lambda: f"{text}: {host.said()}")  # noqa: B023 - called at once
        (host.folder / gate).touch()
    host.until_version("1")
    assert host.worker()["note"] == ""


def test_release_is_installed_when_it_was_switched_to_however_long_it_was_looked_for(
    host: Host,
) -> None:
    """Its name is of when it was unpacked, and that comes before."""
    host.configure(host.service().replace('settle      = "0s"', 'settle = "2s"'))
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    (release,) = host.releases()
    (row,) = json.loads(host.run("releases", "app", "--format", "json").stdout)
    unpacked = datetime.strptime(release[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    assert seconds_of(row["installedAt"]) >= unpacked.timestamp()
