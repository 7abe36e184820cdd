"""The demo's configuration: written to be read, and to be copied as a first one of one's own."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

from dropship.demo.folder import Folder
from dropship.demo.port import HOST
from dropship.demo.store import NAME

SERVICE: Final = "web"

_TEXT: Final = """\
# One service, "web", deployed from a store to a folder of this machine.
# Real configurations stand in /etc/dropship.d/dropship.hcl; dropship validate checks them.

# What is remembered of every service, and what only matters while an agent runs.
state_path = {state}
run_path   = {run}

# How much of the disk has to stay free. The default is 5%; this demo takes a few KiB.
minFree = "1MiB"

service "{service}" {{
  # How often the store is asked, and the most random delay that spreads many hosts.
  checkInterval = "500ms"
  splay         = "0s"

  # Where it comes from. The store is a folder here; "s3" and "http" work the same way.
  # Where it goes: a symlink that always leads to a complete release.
  artifact "file" {{
    path        = {artifact}
    destination = {destination}
    settle      = "200ms"
  }}

  # What is done around the switch. Most services have "systemctl stop" and "start" here.
  before "script" {{
    command = {stop}
  }}

  after "script" {{
    command = {start}
  }}

  # Does the new release work? If not, the old one comes back by itself.
  health "http" {{
    url      = "http://{host}:{port}/"
    interval = "250ms"
    within   = "4s"
  }}
}}
"""


def write(folder: Folder, port: int) -> None:
    """Write it.

    Raises:
        OSError: It cannot be written.
    """
    folder.config.write_text(text(folder, port), encoding="utf-8")
    folder.config.chmod(0o644)  # under any umask: nobody else may change what is run


def text(folder: Folder, port: int) -> str:
    """The configuration of a demo in ``folder`` whose web service listens on ``port``."""
    server = f"{shlex.quote(sys.executable)} server.py"
    pid_file = shlex.quote(str(folder.pid_file))
    return _TEXT.format(
        service=SERVICE,
        state=_quoted(folder.state),
        run=_quoted(folder.run),
        artifact=_quoted(folder.store / NAME),
        destination=_quoted(folder.srv / SERVICE),
        # A hook runs in the release; before the first one there is nothing to stop.
        stop=_quoted(f"test ! -e server.py || {server} stop {pid_file}"),
        start=_quoted(f"{server} start {port} {pid_file}"),
        host=HOST,
        port=port,
    )


def _quoted(value: str | Path) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
