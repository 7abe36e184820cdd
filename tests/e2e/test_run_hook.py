"""Hooks by hand, with the real program: by the agent, or alone."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.host import PROGRAM, Host, eventually

BOTH = pytest.mark.parametrize("attended", [False, True], ids=["alone", "attended"])


def deployed(host: Host, body: str, *, attended: bool = False, **environ: str) -> None:
    """A service with hooks that has been deployed once, with its agent."""
    host.configure(host.service(body, interval="1h"))
    host.publish({"version": "1"})
    done = host.run("update", "app", **environ)
    assert done.returncode == 0, done
    host.marks.unlink(missing_ok=True)
    if attended:
        host.start(ONLY_THE_AGENT="has this", **environ)
        eventually(host.checked, lambda: f"check: {host.said()}")


def told(host: Host, what: str) -> str:
    """A hook that tells what it is told."""
    return f'"script" {{ command = "echo {what} >> {host.marks}" }}'


@BOTH
def test_hooks_run_as_in_an_update_and_change_nothing(host: Host, *, attended: bool) -> None:
    """In order, with the facts of the release that runs; what they say is shown."""
    facts = "$DROPSHIP_PHASE $DROPSHIP_NEW_HASH $(cat version) $ONLY_THE_AGENT"
    deployed(
        host,
        f"""after {told(host, "first " + facts)}
        after "script" {{ command = "echo some output; echo second >> {host.marks}" }}""",
        attended=attended,
    )
    before, rows = host.saved(), host.history()
    md5 = before["current"]["digest"]["md5"]
    done = host.run("run-hook", "app", "after")
    assert (done.returncode, done.stdout) == (0, "app: 2 after hooks passed\n"), done
    assert "| some output" in done.stderr
    own = " has this" if attended else ""
    assert host.marked() == [f"first after {md5} 1{own}", "second"]
    assert (host.saved(), host.history()) == (before, rows)
    # One of them, by its number, as often as one likes.
    done = host.run("run-hook", "app", "after", "2")
    assert (done.returncode, done.stdout) == (0, "app: after hook 2 (script) passed\n")
    assert host.marked()[2:] == ["second"]


@BOTH
def test_hook_that_fails_is_told_and_quarantines_nothing(host: Host, *, attended: bool) -> None:
    """Exit 1 with its words; the first failure ends it, as in an update."""
    deployed(
        host,
        f"""failed "script" {{
          command = "echo $DROPSHIP_ERROR$DROPSHIP_ROLLBACK >> {host.marks}; exit 75"
        }}
        before "script" {{
          command = "test $DROPSHIP_PHASE$DROPSHIP_OLD_HASH = before"
          onFailure = "continue"
        }}
        before "script" {{ command = "test ! -e {host.folder}/bad || {{ echo what happened; exit 3; }}" }}
        before {told(host, "never")}""",
        attended=attended,
    )
    host.marks.unlink(missing_ok=True)
    (host.folder / "bad").touch()
    done = host.run("run-hook", "app", "before")
    assert (done.returncode, done.stdout) == (1, ""), done
    said = "app: before hook 2 (script): the script exited with status 3"
    assert said in done.stderr
    assert done.stderr.endswith(f"dropship: {said}\n")
    assert "| what happened\n" in done.stderr
    assert host.marked() == []
    done = host.run("run-hook", "app", "failed")
    assert done.returncode == 1
    assert "asked to try again later" in done.stderr
    assert host.marked() == ["no update failed: run by hand1"]
    assert not host.saved()["quarantine"]
    assert host.run("status").returncode == (0 if attended else 3)


@BOTH
def test_hook_whose_failure_an_update_passes_has_failed_by_hand(
    host: Host, *, attended: bool
) -> None:
    """Whoever tries a notice must hear that it did not arrive; the others run all the same."""
    deployed(
        host,
        f"""after "webhook" {{ url = "http://127.0.0.1:9/" }}
        after {told(host, "next")}
        failed "graphite-event" {{ host = "http://127.0.0.1:9" }}
        failed {told(host, "last")}""",
        attended=attended,
    )
    host.marks.unlink(missing_ok=True)
    done = host.run("run-hook", "app", "after")
    assert (done.returncode, done.stdout) == (1, ""), done
    refused = "app: after hook 1 (webhook): POST http://127.0.0.1:9/: Connection refused"
    assert f"dropship: {refused}\n" in done.stderr
    assert host.run("run-hook", "app", "after", "1").returncode == 1
    assert host.run("run-hook", "app", "after", "2").returncode == 0
    done = host.run("run-hook", "app", "failed")
    assert done.returncode == 1
    assert "failed hook 1 (graphite-event)" in done.stderr
    assert host.marked() == ["next", "next", "last"]


@BOTH
def test_what_is_not_there_is_wrong_usage(host: Host, *, attended: bool) -> None:
    """Exit 2 with what there is."""
    deployed(host, 'before "script" { command = "true" }', attended=attended)
    for words, cure in (
        (("app", "before", "2"), "numbered from 1 to 1"),
        (("app", "after"), "app has no after hook"),
        (("ap", "before"), 'did you mean "app"?'),
        (("app", "befor"), "invalid choice"),
        (("app", "before", "0"), "0"),
        (("app",), "required"),
    ):
        done = host.run("run-hook", *words)
        assert done.returncode == 2, (words, done)
        assert cure in done.stderr, (words, done)


@BOTH
def test_busy_service_refuses(host: Host, *, attended: bool) -> None:
    """An update is under way: its hooks are not run twice at a time. Exit 4."""
    gate = f"echo waiting >> {host.marks}; until test -e {host.folder}/gate; do sleep 0.02; done"
    deployed(
        host,
        f'after "script" {{ command = "{gate}" }}'.replace("until", "test ! -e version2 || until"),
        attended=attended,
    )
    host.publish({"version": "2", "version2": ""})
    updating = subprocess.Popen(
        [*PROGRAM, "update", "app"],
        cwd=host.folder, env=host.environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    eventually(lambda: host.marked() or None, lambda: f"wait: {host.said()}")
    done = host.run("run-hook", "app", "after")
    assert done.returncode == 4, done
    assert "after hooks" in done.stderr if attended else "is driven by" in done.stderr
    (host.folder / "gate").touch()
    assert updating.wait(60) == 0
    assert host.marked() == ["waiting"]


def test_dry_run_prints_commands_and_requests_and_runs_nothing(host: Host) -> None:
    """Without secrets, and without those that only the agent has."""
    host.configure(
        f"""
repo "http" {{ password = env("ONLY_THE_AGENT_HAS") user = "u" }}
service "app" {{
  checkInterval = "1h"
  preCommand = "touch {host.marks}"
  artifact "http" {{
    url = "http://127.0.0.1:9/app.tar.gz"
    destination = "{host.folder}/srv/app"
  }}
  before "script" {{
    command = <<X
touch {host.marks}
systemctl stop app
X
    user = "nobody"
  }}
  before "webhook" {{
    url     = "http://hooks.example.com/services/T024BE7LD/{{{{.Name}}}}"
    headers {{ Authorization = "Bearer hunter2hunter2" }}
    body    = "{{{{.Name}}}} {{{{.Artifact.url}}}} hunter2hunter2"
    secret  = "hunter3hunter3"
  }}
}}
"""
    )
    done = host.run("run-hook", "app", "before", "--dry-run")
    assert done.returncode == 0, done
    assert done.stdout.splitlines() == [
        f"before hook 1 (command): touch {host.marks}",
        f"before hook 2 (script): touch {host.marks}",
        "systemctl stop app (as nobody)",
        (
            "before hook 3 (webhook): POST http://hooks.example.com/services/…/app "
            "app http://127.0.0.1:9/app.tar.gz …"
        ),
    ]
    done = host.run("run-hook", "--dry-run", "app", "before", "1")
    assert done.stdout == f"before hook 1 (command): touch {host.marks}\n"
    assert host.run("run-hook", "--dry-run", "app", "before", "4").returncode == 2
    assert not host.marks.exists()
    assert not (host.folder / "state" / "services").exists()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_stop_ends_a_hook_that_runs_by_hand(host: Host) -> None:
    """It is no update that would have to be finished."""
    deployed(
        host, f"""after "script" {{
          command = "test -e {host.folder}/stay || exit 0; echo $$ >> {host.marks}; exec sleep 1000"
        }}""", attended=True,
    )  # fmt: skip
    (host.folder / "stay").touch()
    asking = subprocess.Popen(
        [*PROGRAM, "run-hook", "app", "after"],
        env=host.environ(),
        stderr=subprocess.PIPE,
        text=True,
    )
    (pid,) = eventually(host.marked, lambda: f"run: {host.said()}")
    began = time.monotonic()
    assert host.stop() == 0
    assert time.monotonic() - began < 60
    assert not _alive(int(pid))
    assert asking.wait(60) == 1
    assert asking.stderr is not None
    with asking.stderr:
        assert "interrupted" in asking.stderr.read()


def test_hook_outlives_its_agent_only_until_the_next_one(host: Host) -> None:
    """Whoever comes after a kill ends what is left of it before anything else is run."""
    deployed(
        host, f"""after "script" {{
          command = "test -e {host.folder}/stay || exit 0; echo $$ >> {host.marks}; exec sleep 1000"
          timeout = "1s"
        }}""",
    )  # fmt: skip
    (host.folder / "stay").touch()
    alone = subprocess.Popen([*PROGRAM, "run-hook", "app", "after"], env=host.environ())
    (pid,) = eventually(host.marked, "run")
    os.kill(alone.pid, signal.SIGKILL)
    alone.wait()
    (host.folder / "stay").unlink()
    assert _alive(int(pid))
    assert host.run("run-hook", "app", "after").returncode == 0
    assert not _alive(int(pid))


def test_hook_by_hand_is_seen_by_others_while_it_runs(host: Host) -> None:
    """Or somebody else would start it a second time, believing that nothing goes on."""
    waits = f"until test -e {host.folder}/gate; do sleep 0.05; done"
    deployed(host, f"""failed "script" {{ command = "{waits}" }}""", attended=True)
    running = subprocess.Popen(
        [*PROGRAM, "run-hook", "app", "failed"],
        env=host.environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        eventually(
            lambda: "by hand: hook 1, script" in host.run("status").stdout, "tell of the hook"
        )
        (host.folder / "gate").touch()
        assert running.wait(60) == 0
        eventually(lambda: "by hand" not in host.run("status").stdout, "tell that it is over")
    finally:
        (host.folder / "gate").touch()
        running.kill()
        running.wait(60)
