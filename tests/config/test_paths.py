"""Where things are kept by default."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from dropship.config.paths import home, run_path, state_path


def test_root_keeps_things_in_the_systems_folders() -> None:
    """Whatever the XDG variables of a sudo session say."""
    environ = {"XDG_STATE_HOME": "/x", "XDG_RUNTIME_DIR": "/y", "HOME": "/root"}
    assert state_path(environ, 0) == Path("/var/lib/dropship")
    assert run_path(environ, 0) == Path("/run/dropship")


def test_user_keeps_things_where_xdg_says() -> None:
    """Both variables."""
    environ = {"XDG_STATE_HOME": "/x", "XDG_RUNTIME_DIR": "/y", "HOME": "/home/joe"}
    assert state_path(environ, 1000) == Path("/x/dropship")
    assert run_path(environ, 1000) == Path("/y/dropship")


def test_user_without_xdg_keeps_things_at_home() -> None:
    """Relative values are ignored, as the XDG specification has it."""
    environ = {"XDG_STATE_HOME": "x", "HOME": "/home/joe"}
    assert state_path(environ, 1000) == Path("/home/joe/.local/state/dropship")
    assert run_path(environ, 1000) == Path("/home/joe/.local/state/dropship/run")


def test_home_without_a_variable_is_the_accounts() -> None:
    """And / for a user that has no account."""
    assert home({}, os.getuid()) == Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert home({}, 4_000_000_000) == Path("/")
