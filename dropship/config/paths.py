"""Where things are kept when the configuration does not say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def state_path(environ: Mapping[str, str], euid: int) -> Path:
    """``/var/lib/dropship``; for anybody but root a folder of the XDG base directories."""
    if euid == 0:
        return Path("/var/lib/dropship")
    states = _xdg(environ, "XDG_STATE_HOME") or home(environ, euid) / ".local/state"
    return states / "dropship"


def run_path(environ: Mapping[str, str], euid: int) -> Path:
    """``/run/dropship``; for anybody but root a folder that only the user can enter."""
    if euid == 0:
        return Path("/run/dropship")
    runtime = _xdg(environ, "XDG_RUNTIME_DIR")
    return runtime / "dropship" if runtime else state_path(environ, euid) / "run"


def home(environ: Mapping[str, str], euid: int) -> Path:
    """The user's home folder."""
    named = environ.get("HOME", "")
    if named.startswith("/"):
        return Path(named)
    import pwd  # noqa: PLC0415 - seldom needed, and may ask the network

    try:
        return Path(pwd.getpwuid(euid).pw_dir)
    except KeyError:
        return Path("/")


def _xdg(environ: Mapping[str, str], name: str) -> Path | None:
    """The XDG specification has relative paths ignored."""
    said = environ.get(name, "")
    return Path(said) if said.startswith("/") else None
