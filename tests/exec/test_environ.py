"""The environment of the operator's commands."""

from __future__ import annotations

from dropship.exec.environ import PATH, cleaned


def test_secrets_and_what_env_read_are_taken_out() -> None:
    """By value and by name."""
    environ = {"PATH": "/bin", "HOME": "/h", "KEY": "s3cret", "READ": "x", "KEPT": "yes"}
    assert cleaned(environ, secrets=["s3cret"], names=["READ"]) == {
        "PATH": "/bin", "HOME": "/h", "KEPT": "yes",
    }  # fmt: skip


def test_what_is_between_systemd_and_the_agent_is_taken_out() -> None:
    """A hook must not speak in the agent's name."""
    ours = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "CREDENTIALS_DIRECTORY")
    kept = cleaned(dict.fromkeys((*ours, "HOME", "PATH"), "x"))
    assert sorted(kept) == ["HOME", "PATH"]


def test_path_and_home_are_always_set() -> None:
    """Even if the agent was started with nothing, or with empty ones; an empty secret hides nothing."""
    for bare in ({}, {"PATH": "", "HOME": ""}):
        environ = cleaned(bare, secrets=[""])
        assert environ["PATH"] == PATH
        assert environ["HOME"]
    assert cleaned({"EMPTY": ""}, secrets=[""])["EMPTY"] == ""
