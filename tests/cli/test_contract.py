"""The command line as a contract, from outside: documents, exit codes, streams.

With an agent, without one, with one that does not answer, without permission.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dropship.cli import (  # noqa: F401 - what an ordinary user's child cannot load any more
    check,
    history,
    lock,
    logs,
    main,
    pause,
    releases,
    reload,
    resume,
    retry,
    rollback,
    status,
    update,
    why,
)
from tests.cli.documents import document, lines
from tests.e2e.host import DEADLINE, PROGRAM, Host, eventually, tarball
from tests.users import as_nobody

Done = subprocess.CompletedProcess[str]

HEALTH = """
  health "script" {{
    command = "! grep -q bad {there}/version"
    within = "1s"
    interval = "20ms"
  }}
"""
# By what may be asked, and what each needs besides: (command, its words).
QUESTIONS = {
    "status": ("status",),
    "history": ("history",),
    "releases": ("releases", "app"),
    "check": ("check",),
    "why": ("why", "app"),
    "logs": ("logs", "app"),
    "lock": ("lock", "ls"),
}
ALONE = ("check", "lock")  # those that ask no agent
ORDERS = {
    "update": ("update", "fine"),
    "rollback": ("rollback", "fine", "no-such-release"),
    "pause": ("pause", "fine", "--reason", "load test"),
    "resume": ("resume", "fine"),
    "retry": ("retry", "fine"),
}


def prepare(host: Host) -> Host:
    """Services of every kind: one taken back, one paused, one that is well, one without a store."""
    there = host.destination()
    host.configure(
        host.service(HEALTH.format(there=there), interval="1h"),
        *(host.service(name=name, interval="1h") for name in ("fine", "held", "lost")),
    )
    for name in ("app", "fine", "held"):
        host.publish({"version": "1"}, name)
    assert host.run("update").returncode == 1  # one of them has no artifact
    host.publish({"version": "2"}, "fine")
    assert host.run("update", "fine").returncode == 0
    host.publish({"version": "bad"})
    assert host.run("update", "app").returncode == 1
    assert host.run("pause", "held", "--reason", "change freeze").returncode == 0
    host.publish({"version": "2"}, "held")
    return host


@contextmanager
def a_host(*, open_to_all: bool = False) -> Iterator[Host]:
    """A host; ``open_to_all``: other users may look at what is on it."""
    with tempfile.TemporaryDirectory(dir="/tmp" if open_to_all else None) as name:
        folder = Path(name)
        folder.chmod(0o755)
        host = Host(folder)
        try:
            yield host
        finally:
            host.close()


@pytest.fixture(scope="module")
def alone() -> Iterator[Host]:
    """A host on which no agent runs."""
    with a_host() as host:
        yield prepare(host)


@pytest.fixture(scope="module")
def attended() -> Iterator[Host]:
    """The same with an agent that has checked everything."""
    with a_host(open_to_all=True) as host:
        prepare(host).start()
        eventually(
            lambda: all(one["lastCheck"] for one in host.services().values()) and host.services(),
            lambda: f"check: {host.said()}",
        )
        yield host


@pytest.fixture(params=["alone", "attended"])
def host(request: pytest.FixtureRequest) -> Host:
    """Each of the two."""
    found: Host = request.getfixturevalue(request.param)
    return found


def attends(host: Host) -> bool:
    """Whether an agent runs there."""
    return bool(host.services())


def asked(host: Host, *words: str, code: int) -> str:
    """The result of a question; nothing but the result is said."""
    done = host.run(*words)
    assert (done.returncode, done.stderr) == (code, ""), done
    return done.stdout


def complaint(done: Done, code: int) -> str:
    """The one line that an error is, without what begins it; no result, no traceback."""
    assert done.returncode == code, done
    assert done.stdout == ""
    assert done.stderr.startswith("dropship: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("dropship: ").rstrip("\n")


# --- documents ------------------------------------------------------------------------------------


def test_status_is_as_its_schema(host: Host) -> None:
    """3 without an agent, 1 where a service failed, 0 if all that was asked for is well."""
    running = attends(host)
    found = document("status", asked(host, "status", "--format", "json", code=1 if running else 3))
    assert found["agent"]["running"] is running
    assert (found["agent"]["pid"] is not None) is running
    by_name = {one["name"]: one for one in found["services"]}
    assert [one["state"] for one in found["services"]] == ["failed", "idle", "paused", "idle"]
    app, fine, held, lost = (by_name[name] for name in ("app", "fine", "held", "lost"))
    assert len(app["quarantined"]) == 1
    assert "did not hold" in app["lastError"]
    assert fine["release"] != fine["previous"]
    assert held["paused"]["reason"] == "change freeze"
    assert held["paused"]["by"]
    assert lost["release"] is None
    assert all((one["worker"] is not None) is running for one in found["services"])
    if running:
        assert all(one["worker"]["pid"] and one["worker"]["rss"] for one in found["services"])
        assert all(one["nextCheck"] > one["lastCheck"] for one in found["services"])
        assert "there is no such file" in lost["lastError"]
    one = document(
        "status", asked(host, "status", "fine", "--format", "json", code=0 if running else 3)
    )
    assert [service["name"] for service in one["services"]] == ["fine"]


def test_history_is_as_its_schema_newest_first(host: Host) -> None:
    """Of all services, of one, and only so many."""
    found = document("history", asked(host, "history", "--format", "json", code=0))
    assert [one["finished"] for one in found] == sorted(
        (one["finished"] for one in found), reverse=True
    )
    assert sorted((one["service"], one["outcome"]) for one in found) == [
        ("app", "rolled-back"),
        ("app", "updated"),
        ("fine", "updated"),
        ("fine", "updated"),
        ("held", "updated"),
    ]
    assert len({one["id"] for one in found}) == len(found)
    (newest,) = document(
        "history", asked(host, "history", "app", "--limit", "1", "--format", "json", code=0)
    )
    assert newest["outcome"] == "rolled-back"
    assert "did not hold" in newest["error"]
    assert newest["seconds"]["verify"] > 0


def test_releases_are_as_their_schema(host: Host) -> None:
    """One is current, one the previous one; what was taken back can be gone to no more."""
    found = document("releases", asked(host, "releases", "fine", "--format", "json", code=0))
    assert [(one["current"], one["previous"]) for one in found] == [(True, False), (False, True)]
    assert all(one["installedAt"] and one["bytes"] for one in found)
    assert document("releases", asked(host, "releases", "lost", "--format", "json", code=0)) == []


def test_check_is_as_its_schema(host: Host) -> None:
    """1 where a store could not be asked, else 0 whatever it found; it says the same twice."""
    text = asked(host, "check", "--format", "json", code=1)
    found = document("check", text)
    states = [(one["service"], one["state"]) for one in found]
    assert states == [
        ("app", "quarantined"),
        ("fine", "current"),
        ("held", "outdated"),
        ("lost", "error"),
    ]
    good = document("check", asked(host, "check", "held", "app", "--format", "json", code=0))
    assert good == [found[0], found[2]]


def test_why_is_as_its_schema(host: Host) -> None:
    """0 whatever the answer is: what keeps each from its store, by its code."""
    found = {
        name: document("why", asked(host, "why", name, "--format", "json", code=0))
        for name in ("app", "fine", "held", "lost")
    }
    assert all(one["service"] == name for name, one in found.items())
    codes = {name: one["code"] for name, one in found.items() if name != "lost"}
    assert codes == {"app": "quarantined", "fine": None, "held": "paused"}
    assert all(one["reason"] and one["owner"] for name, one in found.items() if name != "fine")
    if attends(host):
        assert found["fine"]["upToDate"]
        assert found["lost"]["code"] == "store"
        assert all(one["next"] for one in found.values())


def test_logs_are_as_their_schema(host: Host) -> None:
    """One object a line, oldest first, and only so many."""
    found = lines("logs", asked(host, "logs", "app", "--format", "json", code=0))
    assert {one["service"] for one in found} == {"app"}
    assert any("did not hold" in one["message"] for one in found)
    assert [one["time"] for one in found] == sorted(one["time"] for one in found)
    last = asked(host, "logs", "app", "--lines", "1", "--format", "json", code=0)
    assert lines("logs", last) == found[-1:]


def test_version_validate_and_unpack_are_as_their_schemas(alone: Host, tmp_path: Path) -> None:
    """They need no agent, and no state."""
    document("version", asked(alone, "version", "--format", "json", code=0))
    valid = document("validate", asked(alone, "validate", "--format", "json", code=0))
    assert (valid["valid"], valid["services"]) == (True, ["app", "fine", "held", "lost"])
    bad = tmp_path / "bad.hcl"
    twice = 'service "a" {\n  artifact "file" {}\n  checkInterval = "1s"\n  splai = "1s"\n}\n'
    bad.write_text(twice + twice)
    invalid = document("validate", asked(alone, "validate", str(bad), "--format", "json", code=1))
    assert not invalid["valid"]
    assert {one["severity"] for one in invalid["diagnostics"]} == {"error", "warning"}
    assert any(one["related"] for one in invalid["diagnostics"])
    words = ("unpack", str(alone.store / "fine.tar.gz"), str(tmp_path / "x"), "--format", "json")
    assert document("unpack", asked(alone, *words, code=0))["accepted"]
    hostile = tmp_path / "hostile.tar.gz"
    hostile.write_bytes(tarball({"../escape": "x"}))
    done = alone.run("unpack", str(hostile), str(tmp_path / "y"), "--format", "json")
    refused = document("unpack", done.stdout)
    assert (done.returncode, refused["accepted"]) == (1, False)
    assert "../escape" in refused["error"]


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_text_is_a_result_too(host: Host, name: str) -> None:
    """On standard output, with the same exit code as the document, and nothing else said."""
    codes = {"status": 1 if attends(host) else 3, "check": 1}
    said = asked(host, *QUESTIONS[name], code=codes.get(name, 0))
    assert "app" in said or name in ("releases", "lock")
    assert said.endswith("\n")
    assert "\x1b" not in said


# --- wrong usage, wherever ------------------------------------------------------------------------

WRONG = {
    "status of an unknown service": (("status", "fin"), 'did you mean "fine"?'),
    "history of one": (("history", "fin"), 'did you mean "fine"?'),
    "releases of one": (("releases", "zzz"), "there are: app, fine, held, lost"),
    "no such lock": (("lock", "break", "fleet"), "no service takes turns"),
    "lock break of nothing": (("lock", "break"), "dropship lock ls shows them"),
    "lock ls of one": (("lock", "ls", "fleet"), "leave the name out"),
    "retry of no fleet": (("retry", "fine", "--fleet"), "dropship retry fine lifts its quarantine"),
    "check of one": (("check", "fin"), 'did you mean "fine"?'),
    "why of one": (("why", "fin"), 'did you mean "fine"?'),
    "logs of one": (("logs", "fin"), 'did you mean "fine"?'),
    "update of one": (("update", "app", "fin"), 'did you mean "fine"?'),
    "rollback of one": (("rollback", "fin"), 'did you mean "fine"?'),
    "pause of one": (("pause", "fin", "--reason", "x"), 'did you mean "fine"?'),
    "resume of one": (("resume", "fin"), 'did you mean "fine"?'),
    "retry of one": (("retry", "fin"), 'did you mean "fine"?'),
    "run-hook of one": (("run-hook", "fin", "after"), 'did you mean "fine"?'),
}
WRONG_WORDS = {
    "releases of nothing": ("releases",),
    "rollback of nothing": ("rollback",),
    "retry of nothing": ("retry",),
    "run-hook of nothing": ("run-hook",),
    "run-hook of no kind": ("run-hook", "fine"),
    "run-hook of none": ("run-hook", "fine", "after"),
    "pause without a reason": ("pause", "fine"),
    "pause with an empty one": ("pause", "fine", "--reason", " \n"),
    "pause with a long one": ("pause", "fine", "--reason", "x" * 1001),
    "no limit": ("history", "--limit", "0"),
    "no lines": ("logs", "fine", "--lines", "0"),
    "why of nothing": ("why",),
    "status of two": ("status", "app", "fine"),
    "an unknown format": ("status", "--format", "xml"),
    "reload of something": ("reload", "fine"),
    "rollback to two": ("rollback", "fine", "a", "b"),
}


def all_of(host: Host, commands: Mapping[str, Sequence[str]]) -> dict[str, Done]:
    """Run commands, some at the same time."""
    with ThreadPoolExecutor(4) as several:
        found = several.map(lambda words: host.run(*words), commands.values())
        return dict(zip(commands, found, strict=True))


def test_unknown_service_is_wrong_usage_with_the_nearest_name(host: Host) -> None:
    """Exit 2, with an agent and without one."""
    done = all_of(host, {what: words for what, (words, _cure) in WRONG.items()})
    for what, (_words, cure) in WRONG.items():
        assert complaint(done[what], 2).endswith(cure), what


def test_wrong_words_are_wrong_usage(alone: Host) -> None:
    """Exit 2, one line, before anything is asked or done."""
    for done in all_of(alone, WRONG_WORDS).values():
        complaint(done, 2)


def test_global_options_are_taken_before_and_after(host: Host) -> None:
    """As one likes."""
    config = str(host.config)
    code = 0 if attends(host) else 3
    elsewhere = {"DROPSHIP_CONFIG": str(host.folder / "no-such.hcl")}
    for words in (
        ("--config", config, "--log-format=json", "status", "fine"),
        ("status", f"--config={config}", "fine", "--log-level", "error"),
    ):
        done = host.run(*words, **elsewhere)
        assert (done.returncode, done.stderr) == (code, "")
    faulty = host.run("history", **elsewhere)
    assert faulty.returncode == 1
    assert "E001" in faulty.stderr
    assert faulty.stderr.splitlines()[-1].startswith("dropship: the configuration ")


# --- orders ---------------------------------------------------------------------------------------


def test_orders_are_carried_out_and_answered(host: Host) -> None:
    """A line for each service: on standard output if it is good, else on standard error."""

    def last(*words: str) -> tuple[int, str, str]:
        done = host.run(*words)
        return done.returncode, done.stdout, (done.stderr.splitlines() or [""])[-1]

    fine = host.saved("fine")["current"]["name"]
    assert last("update", "fine") == (0, f"fine: up to date, {fine} is current\n", "")
    code, out, err = last("update", "held")
    assert (code, out) == (4, "")
    assert err.startswith("dropship: held: not updated: paused: change freeze; ")
    code, out, err = last("update", "lost")
    assert (code, out) == (1, "")
    assert err.startswith("dropship: lost: failed: ")
    # 1 before 4 before 0.
    assert last("update", "fine", "held")[:2] == (4, f"fine: up to date, {fine} is current\n")
    assert last("update")[0] == 1
    code, out, err = last("rollback", "fine", "no-such")
    assert (code, out) == (1, "")
    assert err.startswith("dropship: fine: there is no release no-such on this host; there are: ")
    assert last("pause", "fine", "--reason", "load  test\x1b[2J") == (
        0,
        "fine: paused; what is under way is finished first\n",
        "",
    )
    one = json.loads(host.run("status", "fine", "--format", "json").stdout)["services"][0]
    assert (one["state"], one["paused"]["reason"]) == ("paused", "load test\\x1b[2J")
    assert last("resume", "fine") == (0, "fine: updates go on\n", "")
    assert host.saved("fine")["paused"] is None
    assert last("retry", "fine") == (0, "fine: nothing is in quarantine here any more\n", "")
    reloaded = host.run("reload")
    if attends(host):
        assert (reloaded.returncode, reloaded.stdout) == (0, "reloaded: no service changed\n")
    else:
        assert complaint(reloaded, 3) == "no agent runs; start it with dropship agent"


def test_refused_reload_is_one_line_and_exit_1(attended: Host) -> None:
    """And ``status`` tells until there is a good one."""
    good = attended.config.read_text()
    try:
        attended.config.write_text(good + "\nservice {\n")
        words = complaint(attended.run("reload"), 1)
        assert words.startswith("not reloaded, the old configuration stays: ")
        found = json.loads(attended.run("status", "--format", "json").stdout)
        assert found["agent"]["configError"]
        assert "not reloaded, the old configuration stays: " in attended.run("status").stdout
    finally:
        attended.config.write_text(good)
    assert attended.run("reload").returncode == 0
    assert (
        document("status", attended.run("status", "--format", "json").stdout)["agent"][
            "configError"
        ]
        is None
    )


# --- an agent that cannot be asked ----------------------------------------------------------------


@pytest.mark.slow
def test_hung_agent_is_told_from_none_in_ten_seconds(attended: Host) -> None:
    """By every command that asks it, at the same time; ``check`` asks the stores alone.

    ``status`` shows what state says all the same, and exits 1.
    """
    every = {**QUESTIONS, **ORDERS, "reload": ("reload",)}
    pid = attended.agent.pid
    attended.agent.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        run = partial(
            subprocess.Popen[str],
            cwd=attended.folder,
            env=attended.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running = {name: run([*PROGRAM, *words]) for name, words in every.items()}
        done = {
            name: subprocess.CompletedProcess(name, one.wait(DEADLINE) if said else 0, *said)
            for name, one in running.items()
            for said in [one.communicate(timeout=DEADLINE)]
        }
        assert time.monotonic() - began >= 10
    finally:
        attended.agent.send_signal(signal.SIGCONT)
    assert done.pop("check").returncode == 1
    assert done.pop("lock").returncode == 0
    shown = done.pop("status")
    assert shown.stdout.startswith(f"the agent (process {pid}) has not answered for 10 s; ")
    assert f"\nfine     idle    {attended.saved('fine')['current']['name']}" in shown.stdout
    done["status"] = subprocess.CompletedProcess("status", shown.returncode, "", shown.stderr)
    for one in done.values():
        assert complaint(one, 1).startswith(
            f"the agent (process {pid}) has not answered for 10 s; "
        )
    # It goes on as if nothing had been; what was ordered meanwhile has nobody to answer to.
    assert attended.run("status", "fine").returncode == 0
    assert attended.run("resume", "fine").returncode == 0


def as_operator(host: Host, *words: str) -> Any:
    """Run a command line as an ordinary user."""

    def act() -> int:
        os.environ.clear()
        os.environ.update(host.environ())
        os.chdir(host.folder)
        return main.run(words)

    def load() -> None:
        os.environ.clear()
        os.environ.update(host.environ())
        main.run(["check"])

    return as_nobody(act, before=load)


@pytest.mark.root
def test_ordinary_user_without_permission_is_told_so(attended: Host) -> None:
    """Exit 1 and who may; never "no agent", never done behind the agent's back."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    socket = attended.folder / "run" / "control.sock"
    for name, words in {**QUESTIONS, **ORDERS, "reload": ("reload",)}.items():
        if name in ALONE:
            continue
        done = as_operator(attended, *words)
        assert complaint(done, 1) == (
            f"no permission to use {socket}; "
            "run it as root, or as a member of the socket's group (see socketGroup)"
        )


@pytest.mark.root
def test_ordinary_user_without_an_agent_reads_and_does_not_write() -> None:
    """State is readable; what is to be noted down is refused by the file system."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    with a_host(open_to_all=True) as host:
        host.configure(host.service(interval="1h"))
        host.publish({"version": "1"})
        assert host.run("update").returncode == 0
        done = as_operator(host, "status", "--format", "json")
        assert (done.returncode, done.stderr) == (3, "")
        assert document("status", done.stdout)["services"][0]["state"] == "idle"
        for words in (
            ("pause", "--reason", "x"),
            ("resume",),
            ("retry", "app"),
            ("rollback", "app"),
        ):
            done = as_operator(host, *words)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.splitlines()[-1].startswith("dropship: app: cannot use the lock ")
        assert complaint(as_operator(host, "reload"), 3)
