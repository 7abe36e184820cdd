"""The environment of the operator's commands."""

from __future__ import annotations

import base64

from dropship.exec.environ import PATH, cleaned


def test_secrets_and_what_env_read_are_taken_out() -> None:
    """By value and by name."""
    environ = {"PATH": "/bin", "HOME": "/h", "KEY": "s3cret", "READ": "x", "KEPT": "yes"}
    assert cleaned(environ, secrets=["s3cret"], names=["READ"]) == {
        "PATH": "/bin", "HOME": "/h", "KEPT": "yes",
    }  # fmt: skip


def test_variable_that_holds_a_secret_is_taken_out() -> None:
    """Whole or in base64 or percent-encoded; a short secret is in many a word."""
    environ = {
        "PATH": "/bin", "HOME": "/h",
        "URL": "https://x/?key=l%26ng-secret", "HEADER": "Bearer l&ng-secret",
        "BASIC": base64.b64encode(b"joe:l&ng-secret").decode(),
        "SHORT": "ab", "WORD": "fab", "PROXY": "http://joe:own@proxy/",
    }  # fmt: skip
    assert cleaned(environ, secrets=["l&ng-secret", "ab"]) == {
        "PATH": "/bin", "HOME": "/h", "WORD": "fab", "PROXY": "http://joe:own@proxy/",
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
