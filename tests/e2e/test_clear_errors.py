"""What goes wrong is said in one clear line, with what to do and the right exit code."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.e2e.host import PROGRAM, Host, eventually


def assert_clear(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The exit code, no traceback, and the words in what was said."""
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    for word in words:
        assert word in said, said


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The line that sums up."""
    return done.stderr.strip().splitlines()[-1]


def test_missing_configuration_names_the_file_and_the_flag(host: Host) -> None:
    """A newcomer's first mistake."""
    for command in ("agent", "update", "check", "status"):
        done = host.run(command)
        assert_clear(done, 1, str(host.config), "--config", "E001")


def test_bad_configuration_shows_every_fault_and_one_line(host: Host) -> None:
    """The agent does not start on half a configuration."""
    host.config.write_text('service "a" {\n  checkInterval = "10 parsecs"\n}\nservice "b" {}\n')
    done = host.run("agent")
    assert_clear(done, 1, "parsecs", "artifact", "checkInterval")
    assert last_line(done).startswith("dropship: ")
    assert "validate" in last_line(done)


def test_unknown_service_names_the_nearest(host: Host) -> None:
    """A typo costs a second, not a minute."""
    host.configure(host.service(name="billing"))
    assert_clear(host.run("update", "biling"), 2, 'did you mean "billing"?')


def test_unknown_command_names_the_nearest(host: Host) -> None:
    """Likewise."""
    assert_clear(host.run("validat"), 2, 'did you mean "validate"?')


def test_missing_artifact_names_its_place(host: Host) -> None:
    """A wrong path."""
    host.configure(host.service())
    assert_clear(host.run("update"), 1, str(host.store / "app.tar.gz"))


def test_errors_of_update_name_the_service_on_standard_error(host: Host) -> None:
    """Results go to standard output, and only those: scripts tell them apart."""
    host.configure(host.service(), host.service(name="good"))
    host.publish({"version": "1"}, "good")
    done = host.run("update")
    assert done.returncode == 1
    assert done.stdout.startswith("good: updated, ")
    assert done.stdout.count("\n") == 1
    assert f"{host.store}/app.tar.gz" in last_line_of("app", done)


def last_line_of(service: str, done: subprocess.CompletedProcess[str]) -> str:
    """The line that sums up a service."""
    head = f"dropship: {service}: "
    return next(line for line in reversed(done.stderr.splitlines()) if line.startswith(head))


def test_store_that_is_down_says_so_and_is_asked_again(host: Host) -> None:
    """Nobody listens: a clear line, and the agent goes on trying."""
    host.configure(f"""
service "web" {{
  checkInterval = "200ms"
  artifact "http" {{
    url = "http://127.0.0.1:9/app.tar.gz"
    destination = "{host.folder}/srv/web"
  }}
}}
""")
    assert_clear(host.run("update"), 1, "127.0.0.1:9")
    host.start()
    host.until_said("127.0.0.1:9")
    first = eventually(lambda: host.checked("web"), "check")
    eventually(lambda: host.checked("web") > first, "check again")
    # The same complaint is not repeated at every check.
    assert host.said().count("127.0.0.1:9") == 1
    assert host.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_destination_without_permission_names_the_folder_and_the_user(host: Host) -> None:
    """An agent may not write everywhere."""
    host.configure(host.service())
    host.publish({"version": "1"})
    (host.folder / "srv").mkdir(mode=0o755)
    os.chown(host.folder / "srv", 65534, 65534)
    # Root without these two is bound by permissions like anybody, and can still read the program.
    powers = "-dac_override,-dac_read_search"
    done = subprocess.run(
        ["setpriv", f"--bounding-set={powers}", *PROGRAM, "update"], env=host.environ(),
        cwd=host.folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert_clear(done, 1, f"{host.folder}/srv", "writ")


@pytest.mark.parametrize("place", ["/", "/usr", "/etc", "/usr/bin", "/var/lib", "/home"])
def test_system_folder_as_a_destination_is_refused(host: Host, place: str) -> None:
    """Nobody wants /usr to be a symlink."""
    host.configure(f"""
service "os" {{
  checkInterval = "1s"
  artifact "file" {{
    path = "{host.store}/app.tar.gz"
    destination = "{place}"
  }}
}}
""")
    assert_clear(host.run("update"), 1, place)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount")
def test_mount_point_as_a_destination_is_refused_before_anything_is_downloaded(host: Host) -> None:
    """A mount cannot be switched."""
    host.configure(host.service(f'before "script" {{ command = "{host.mark("before")}" }}'))
    host.publish({"version": "1"})
    host.destination().mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "none", str(host.destination())], check=True, timeout=10
    )
    try:
        assert_clear(host.run("update"), 1, str(host.destination()), "mounted")
    finally:
        subprocess.run(["umount", str(host.destination())], check=True, timeout=10)
    assert host.marked() == []


def test_second_agent_names_the_first(host: Host) -> None:
    """Two agents on one folder is a mistake."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    assert_clear(host.run("agent"), 1, str(host.agent.pid))
    assert host.stop() == 0


def by_itself(host: Host, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that does not know of the agent: its ``run_path`` is another one."""
    other = host.folder / "other.hcl"
    other.write_text(host.config.read_text() + f'\nrun_path = "{host.folder}/other"\n')
    return host.run(*words, "--config", str(other))


def test_update_beside_an_agent_of_elsewhere_says_who_drives_the_service(host: Host) -> None:
    """One driver a service."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    done = by_itself(host, "update")
    assert_clear(done, 4, str(host.pid()))
    assert done.stdout == ""
    assert "is driven by" in last_line_of("app", done)
    assert host.stop() == 0


def test_unreadable_state_stops_only_that_service_and_is_never_overwritten(host: Host) -> None:
    """Nothing is guessed."""
    host.configure(host.service(), host.service(name="b"))
    host.publish({"version": "1"})
    host.publish({"version": "1"}, "b")
    state = host.folder / "state" / "services" / "app" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{ not json")
    done = host.run("update")
    assert_clear(done, 1, str(state))
    assert host.version("b") == "1"
    assert state.read_text() == "{ not json"
    assert host.status()["services"][0]["state"] == "blocked"


def test_full_disk_keeps_the_old_release_and_says_so(host: Host) -> None:
    """``minFree`` is looked at before a byte is fetched."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    host.configure(host.service(), main='minFree = "900 TiB"\n')
    host.publish({"version": "2"})
    assert_clear(host.run("update"), 1, "free", "minFree")
    assert host.version() == "1"
    assert host.litter() == []


def test_deleted_lock_is_noticed_and_taken_anew(host: Host) -> None:
    """Whoever deletes the service's folder under the agent does not get two drivers."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    (host.root() / "lock").unlink()
    host.until_said("was deleted")
    eventually((host.root() / "lock").exists, "lock anew")
    assert_clear(by_itself(host, "update"), 4, str(host.pid()))
    host.publish({"version": "2"})
    host.until_version("2")
    assert host.stop() == 0


def test_service_without_means_keeps_nobody_else_from_his_work(host: Host) -> None:
    """By whatever way: its own error, and the others are looked after."""
    bad = f"""
service "bad" {{
  checkInterval = "1s"
  artifact "swift" {{
    bucket      = "b"
    path        = "x"
    destination = "{host.folder}/srv/bad"
  }}
}}
"""
    fault = 'repo "swift": the version of the repo\'s auth is not known'
    main = 'repo "swift" {\n user = "a"\n key = "b"\n authUrl = "http://127.0.0.1:9/auth"\n}\n'
    host.configure(bad, host.service(), main=main)
    host.publish({"version": "1"})
    done = host.run("check", "--format", "json")
    assert done.returncode == 1
    found = {one["service"]: one for one in json.loads(done.stdout)}
    assert (found["bad"]["state"], found["app"]["state"]) == ("error", "outdated")
    assert fault in found["bad"]["error"]
    assert_clear(host.run("update"), 1, "app: updated", f"bad: {fault}")
    host.publish({"version": "2"})
    assert_clear(host.run("agent", "--once"), 1, fault)
    assert host.version() == "2"
    host.publish({"version": "3"})
    host.start()
    host.until_version("3")
    status = host.services()["bad"]
    assert (status["state"], status["worker"]["restarts"]) == ("blocked", 0)
    assert fault in status["lastError"]
    assert_clear(host.run("update", "bad"), 4, fault)
    assert_clear(host.run("reload"), 1, fault)
    host.configure(host.service())
    assert host.run("reload").returncode == 0
    assert host.stop() == 0
