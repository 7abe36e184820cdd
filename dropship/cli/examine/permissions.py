"""May the agent's account read the configuration and write its own folders; may others read secrets?"""

from __future__ import annotations

import grp
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from dropship.agent.protocol import SOCKET
from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.cli.examine.ground import Ground
from dropship.config.model import Config
from dropship.hcl.ast import CallValue, ListValue, ObjectValue, Source, Value
from dropship.hcl.parser import parse

_CHECK: Final = "permissions"
_OTHERS_READ: Final = 0o004
_OTHERS_WRITE: Final = 0o002


def account(ground: Ground) -> Iterator[Finding]:
    """Whose eyes all this is seen with."""
    who = ground.who
    if who.reachable:
        yield ok(_CHECK, f"looked at as {who.name}, whom the agent runs as")
        return
    me = os.geteuid()
    yield warning(
        _CHECK,
        f"the agent runs as {who.name}; uid {me} cannot see all that it sees, nor try all it may do",
        cure=f"run dropship doctor as {who.name}",
    )


def findings(ground: Ground) -> Iterator[Finding]:
    """Look, as the agent's account."""
    yield from _configuration(ground)
    yield from _secrets(ground)
    if ground.config is not None:
        yield from _writable("state_path", ground.config.state_path, ground)
        yield from _writable("run_path", ground.config.run_path, ground)
        yield from _socket(ground.config)


def _configuration(ground: Ground) -> Iterator[Finding]:
    names = [Path(name) for name in ground.lenient.files if os.path.lexists(name)]
    unread = [one for one in names if not os.access(one, os.R_OK)]
    for one in unread:
        yield failed(_CHECK, "the agent cannot read it", str(one), cure=f"chown or chmod {one}")
    if names and not unread:
        yield ok(_CHECK, f"files of the configuration that the agent can read: {len(names)}")
    for one in names:
        with suppress(OSError):
            if one.stat().st_mode & _OTHERS_WRITE:
                cure = f"chmod o-w {one}"
                yield failed(
                    _CHECK, "everybody can change what the agent runs", str(one), cure=cure
                )


def _secrets(ground: Ground) -> Iterator[Finding]:
    files = sorted({one for name in ground.lenient.files for one in _named(Path(name))})
    open_to_all = [one for one in files if _mode(one) & _OTHERS_READ]
    for one in open_to_all:
        yield warning(
            _CHECK,
            "a secret that every user of this host can read",
            str(one),
            cure=f"chmod o-r {one}",
        )
    for one in files:
        if os.path.lexists(one) and not os.access(one, os.R_OK):
            cure = f"chown {ground.who.name} {one}"
            yield failed(_CHECK, "a secret that the agent cannot read", str(one), cure=cure)
    if files and not open_to_all:
        yield ok(_CHECK, f"files of secrets: {len(files)}, none of them for everybody")


def _named(file: Path) -> Iterator[Path]:
    """What ``file("…")`` names in a file of the configuration."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return
    yield from _calls(parse(Source("", text)).file.body)


def _calls(value: Value) -> Iterator[Path]:
    if isinstance(value, CallValue) and value.function == "file" and value.arguments:
        yield Path(value.arguments[0].text)
    elif isinstance(value, ObjectValue):
        for item in value.items:
            yield from _calls(item.value)
    elif isinstance(value, ListValue):
        for one in value.elements:
            yield from _calls(one)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _writable(key: str, path: Path, ground: Ground) -> Iterator[Finding]:
    """By a file without a name, where the folder is there; it is gone with this process."""
    there = next(one for one in (path, *path.parents) if os.path.lexists(one))
    who = ground.who
    made = "" if there == path else f" (made in {there} when it is first needed)"
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        cure = f"let {who.name} write to {there}, or set {key}"
        yield failed(
            _CHECK, f"the agent cannot write there: {error.strerror}", f"{key} {path}", cure=cure
        )
    else:
        yield ok(_CHECK, f"the agent can write there{made}", f"{key} {path}")


def _socket(config: Config) -> Iterator[Finding]:
    group, path = config.socket_group, config.run_path / SOCKET
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        message = f"there is no group {group}: only the agent's own user and root can talk to it"
        yield ok(_CHECK, message, "socketGroup")
        return
    try:
        status = path.stat()
    except OSError:
        yield ok(_CHECK, f"members of the group {group} can talk to the agent", "socketGroup")
        return
    if status.st_gid != gid:
        cure = f"let the agent's user be a member of {group}, or run it as root; then restart it"
        message = f"the socket is not {group}'s: its members cannot talk to the agent"
        yield warning(_CHECK, message, str(path), cure=cure)
    else:
        yield ok(_CHECK, f"the socket is for members of the group {group}", str(path))
