"""Reloading when the ground has changed under the agent."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.e2e.host import DEADLINE, PROGRAM, Host, eventually


def test_agent_whose_working_directory_was_removed_reloads(host: Host) -> None:
    """A deploy script's temporary folder is where many an agent was started."""
    host.configure(host.service())
    host.publish({"version": "1"})
    place = host.folder / "place"
    place.mkdir()
    host.start(cwd=place)
    host.until_version("1")
    place.rmdir()
    host.agent.send_signal(signal.SIGHUP)
    host.until_said("reloaded: no service changed")
    host.publish({"version": "2"})
    host.until_version("2")
    assert host.stop() == 0


def test_relative_configuration_is_read_again_from_where_it_was(host: Host) -> None:
    """Relative to where the agent was started."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start(DROPSHIP_CONFIG=host.config.name)
    host.until_version("1")
    host.configure(host.service(), host.service(name="b", interval="1h"))
    host.publish({"version": "1"}, "b")
    host.agent.send_signal(signal.SIGHUP)
    host.until_version("1", "b")
    assert host.stop() == 0


def test_missing_working_directory_is_one_clear_line(host: Host) -> None:
    """With what to do, and no traceback."""
    host.configure(host.service())
    place = host.folder / "place"
    place.mkdir()
    for command in ("update", "agent", "validate"):
        place.mkdir(exist_ok=True)
        done = subprocess.run(
            ["sh", "-c", 'rmdir "$0" && exec "$@"', str(place), *PROGRAM, command],
            cwd=place, env=host.environ(), capture_output=True, text=True,
            timeout=DEADLINE, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr == (
            "dropship: the working directory cannot be used: No such file or directory; "
            "change to a folder that exists, and run it again\n"
        )


def test_secret_stays_hidden_after_a_failed_reload_though_no_service_uses_it(host: Host) -> None:
    """A hook's output of a worker that starts after that is redacted as before."""
    leak = host.folder / "leak"
    leak.write_text("the password is hunter2-hunter2\n")
    unused = (
        'repo "http" {\n  url = "http://127.0.0.1:9/"\n  user = "u"\n  password = env("KEY")\n}\n'
    )
    host.configure(host.service(f'before "script" {{ command = "cat {leak}" }}'), main=unused)
    host.publish({"version": "1"})
    host.start(KEY="hunter2-hunter2")
    host.until_version("1")
    host.config.write_text(host.config.read_text() + "\nservice {\n")
    host.agent.send_signal(signal.SIGHUP)
    host.until_said("not reloaded")
    first = host.pid()
    os.kill(first, signal.SIGKILL)
    eventually(lambda: (host.worker()["pid"] or first) != first, "start another worker")
    host.publish({"version": "2"})
    host.until_version("2")
    assert host.said().count("the password is …") == 2
    assert "hunter2" not in host.said()
    assert host.stop() == 0


def test_reload_shows_the_warnings_that_the_agent_has_told_its_log(host: Host) -> None:
    """A mistyped block of health checks is no error, and checks nothing."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    host.configure(host.service('healht "http" { url = "http://127.0.0.1:9/" }', interval="1s"))
    done = host.run("reload")
    assert (done.returncode, done.stdout) == (0, "reloaded: changed app\n")
    assert "warning W202" in done.stderr
    assert "did you mean" in done.stderr


def test_refused_reload_says_where_the_first_fault_is(host: Host) -> None:
    """Whoever asks for it does not see the agent's log."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    text = host.config.read_text()
    host.config.write_text(text + 'service "other" {}\n')
    line = text.count("\n") + 1
    done = host.run("reload")
    assert done.returncode == 1
    assert f"{host.config}:{line}:" in done.stderr
    assert f"{host.config}:{line}:" in host.status()["agent"]["configError"]


def test_service_that_the_agent_has_not_heard_of_is_told_to_need_a_reload(host: Host) -> None:
    """The files have it, and the agent has read them before."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    host.configure(host.service(), host.service(name="web"))
    for command in ("update", "why", "status"):
        done = host.run(command, "web")
        assert done.returncode == 2
        assert "if it is new, dropship reload first" in done.stderr
