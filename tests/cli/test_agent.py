"""``dropship agent``, run as a service manager runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from dropship.agent import client
from dropship.agent.protocol import Request
from dropship.errors import NoAgentError
from tests.agent.agents import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with one service and its artifact."""
    (tmp_path / "hello").write_text("hello\n")
    with tarfile.open(tmp_path / "api.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "hello", "hello")
    file = tmp_path / "main.hcl"
    file.write_text(f"""
        state_path = "{tmp_path}/state"
        run_path = "{tmp_path}/run"
        service "api" {{
          checkInterval = "1h"
          artifact "file" {{
            path = "{tmp_path}/api.tar.gz"
            destination = "{tmp_path}/api"
            settle = "0s"
          }}
        }}
    """)
    return file


def command(config: Path, *words: str) -> list[str]:
    """The command line, as the old tool's unit had it."""
    return [sys.executable, "-m", "dropship", "agent", f"--config={config}", *words]


def once(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an agent that ends by itself."""
    return subprocess.run(
        command(config, *words), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def up(run_path: Path) -> bool:
    """Whether an agent runs and has workers."""
    try:
        document = client.ask(run_path, Request("status"))
    except NoAgentError:
        return False
    return all(one["worker"]["pid"] for one in document["services"])


@contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An agent whose workers run."""
    run_path = config.parent / "run"
    with subprocess.Popen(command(config), cwd=ROOT, stderr=subprocess.DEVNULL) as agent:
        try:
            eventually(partial(up, run_path), doing="start")
            yield agent
        finally:
            agent.kill()


def test_once_installs_and_ends_with_zero(config: Path) -> None:
    """Checked, updated, done; a second time there is nothing new and nothing said of an update."""
    done = once(config, "--once")
    assert done.returncode == 0, done.stderr
    assert (config.parent / "api" / "hello").read_text() == "hello\n"
    again = once(config, "--once")
    assert again.returncode == 0
    assert "updated" not in again.stderr


def test_start_tells_once_what_locks_the_unpacker_up(config: Path) -> None:
    """At INFO: what a host cannot give is no warning."""
    done = once(config, "--once", "--log-format=json")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    (said,) = (line for line in lines if "locked up" in line["message"])
    assert said["level"].lower() == "info"
    assert "no_new_privs, landlock, rlimits, pdeathsig" in said["message"]
    missing = "not to be had here: network-namespace, ipc-namespace, pid-namespace, chroot"
    assert (missing in said["message"]) == (os.geteuid() != 0)


def test_dry_run_tells_and_changes_nothing(config: Path) -> None:
    """What would be done is said; the destination is not made."""
    done = once(config, "--once", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "[api] outdated" in done.stderr
    assert not os.path.lexists(config.parent / "api")


def test_dry_run_that_goes_on_tells_only_what_is_new(config: Path) -> None:
    """The same is not said at every check."""
    config.write_text(config.read_text().replace('"1h"', '"20ms"'))
    words = ("--dry-run", "--log-level", "debug")
    with subprocess.Popen(
        command(config, *words), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as agent:
        assert agent.stderr is not None
        said: list[str] = []
        for line in agent.stderr:
            said += [line.split()[1]] if "outdated" in line else []
            if len(said) == 3:
                agent.terminate()
    assert said[:3] == ["INFO", "DEBUG", "DEBUG"]


def test_store_that_cannot_be_asked_makes_once_fail(config: Path) -> None:
    """Exit 1 where a service failed."""
    (config.parent / "api.tar.gz").unlink()
    assert once(config, "--once").returncode == 1


def test_faulty_configuration_is_shown_and_ends_with_one(config: Path) -> None:
    """The fault with its place, as ``validate`` draws it, and one line what to do."""
    config.write_text(config.read_text().replace('"1h"', '"often"'))
    done = once(config)
    assert done.returncode == 1
    assert f"{config}:5:" in done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"dropship: the configuration {config} has 1 error, the first at {config}:5:27: "
        'checkInterval: "often" is not a duration such as "10s", "1h30m" or "250ms"; mend it; '
        "dropship validate checks it"
    )


def test_second_agent_is_refused_with_one_and_the_first_ones_pid(config: Path) -> None:
    """Exit 1, not 4: a second agent is a mistake, and waiting does not mend it."""
    with running(config) as agent:
        second = once(config)
        assert second.returncode == 1
        assert f"is used by another agent: process {agent.pid} (dropship agent)" in second.stderr
        assert second.stderr.count("\n") == 1
        agent.terminate()
        assert agent.wait(60) == 0
