"""The log of a service: whoever speaks of it is in there, with or without an agent."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from dropship.state.logbook import newest
from tests.e2e.host import Host, eventually

HELLO = 'after "script" { command = "echo hello, world" }'


def said(host: Host, name: str = "app") -> list[str]:
    """What the log of a service says."""
    return [one.message for one in newest(host.folder / "state", name, 1000)]


def until_kept(host: Host, text: str, name: str = "app") -> None:
    """Wait until the log of a service says so."""
    eventually(
        lambda: any(text in one for one in said(host, name)),
        lambda: f"keep {text!r}: {said(host, name)}",
    )


def test_hooks_and_the_supervisor_are_in_the_log(host: Host) -> None:
    """Output of hooks, and what the supervisor says of a worker that was killed."""
    host.configure(host.service(HELLO))
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    first = host.pid()
    os.kill(first, signal.SIGKILL)
    until_kept(host, "worker died: killed by SIGKILL")
    eventually(lambda: host.pid() != first, lambda: f"start another: {host.said()}")
    assert host.stop() == 0
    kept = newest(host.folder / "state", "app", 1000)
    lines = [one.message for one in kept]
    assert lines[0] == f"worker {first} started"
    assert "| hello, world" in lines
    assert [one for one in lines if one.startswith("updated to ")]
    assert lines[-1].startswith("worker ended")
    hook = kept[lines.index("| hello, world")]
    assert (hook.level, hook.service, hook.phase) == ("info", "app", "after")
    assert hook.release == host.saved()["current"]["name"]
    assert {one.pid for one in kept} == {host.agent.pid, first}
    # The very words of the log, in their order.
    told = [line.partition("[app] ")[2] for line in host.said().splitlines() if "[app]" in line]
    assert told == lines


def test_update_without_an_agent_keeps_what_it_says(host: Host) -> None:
    """The same file, each event once."""
    host.configure(host.service(HELLO))
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    assert said(host).count("| hello, world") == 1
    host.publish({"version": "2"})
    assert host.run("agent", "--once").returncode == 0
    assert said(host).count("| hello, world") == 2


def test_service_that_a_reload_brings_has_its_log(host: Host) -> None:
    """So do the others still."""
    host.configure(host.service(HELLO))
    host.publish({"version": "1"})
    host.publish({"version": "1"}, "new")
    host.start()
    host.until_version("1")
    host.configure(host.service(HELLO), host.service(HELLO, name="new"))
    host.agent.send_signal(signal.SIGHUP)
    until_kept(host, "| hello, world", "new")
    host.publish({"version": "2"})
    host.until_version("2")
    assert host.stop() == 0
    assert said(host).count("| hello, world") == 2


def test_reload_that_names_another_state_path_keeps_the_old_place(host: Host) -> None:
    """It takes a restart, for the log as for everything else."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    text = host.config.read_text()
    host.config.write_text(text.replace(f"{host.folder}/state", f"{host.folder}/other"))
    host.agent.send_signal(signal.SIGHUP)
    host.until_said("takes a restart")
    host.publish({"version": "2"})
    host.until_version("2")
    assert host.stop() == 0
    assert len([one for one in said(host) if one.startswith("updated to ")]) == 2
    assert not (host.folder / "other").exists()


def test_commands_that_only_look_write_nothing(host: Host) -> None:
    """validate, check, status."""
    host.configure(host.service(HELLO))
    host.publish({"version": "1"})
    for words in (("validate",), ("check",), ("status",)):
        host.run(*words, "--log-level", "debug")
    assert _names(host.folder) == {"store", "dropship.hcl"}


def test_dry_run_keeps_no_log(host: Host) -> None:
    """It changes nothing but its own locks."""
    host.configure(host.service(HELLO))
    host.publish({"version": "1"})
    assert host.run("agent", "--once", "--dry-run").returncode == 0
    assert _names(host.folder / "state") == {"agent.lock"}


def _names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}
