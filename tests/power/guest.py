"""Runs in the virtual machine: looks at what a power cut left, then runs the agent on it.

Speaks JSON lines over the second serial port: ``seen`` once before the agent starts; then, when
told which artifacts are the newest, ``converged`` as soon as they are current and nothing is left
over. After that the agent goes on until the power is cut, or it is told to stop.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tty
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dropship.errors import StateError
from dropship.install import release as cards
from dropship.install.activate import current
from dropship.install.layout import Layout
from dropship.state.store import Store
from tests.power import tree

DISK: Final = Path("/data")
_CONFIG: Final = Path("/run/dropship.hcl")
_CONSOLE: Final = Path("/dev/ttyS0")
_LINE: Final = Path("/dev/ttyS1")
_PATIENCE: Final = 180.0

_SETTINGS: Final = """\
state_path = "{disk}/state"
run_path   = "/run/dropship"

repo "http" {{ url = "http://10.0.2.2:{port}/" }}

service "app" {{
  checkInterval = "200ms"
  artifact "http" {{
    path         = "app.tar.gz"
    destination  = "{disk}/srv/app"
    keepReleases = 1
  }}
  before "script" {{ command = "true" }}
  after "script" {{ command = "test ! -e {disk}/srv/app/bad" }}
  health "script" {{
    command  = "true"
    interval = "100ms"
  }}
}}

service "tool" {{
  checkInterval = "200ms"
  artifact "http" {{
    path         = "tool"
    destination  = "{disk}/srv/tool"
    mode         = "0755"
    keepReleases = 1
  }}
}}
"""


class Service:
    """What is on the disk of one service."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.layout = Layout(DISK / "srv" / name, DISK / "srv/.dropship" / name)
        self.store = Store.of(DISK / "state", name)

    def seen(self) -> dict[str, Any]:
        """All of it."""
        layout = self.layout
        there = layout.destination
        state: dict[str, Any] = {}
        try:
            saved, journal = self.store.load(), self.store.journal_read()
            ids = [one.id for one in self.store.history()]
            state["journal"] = journal and f"{journal.phase.value}"
            state["current"] = saved and saved.current and saved.current.name
            state["updates"] = len(ids)
            state["twice"] = len(ids) - len(set(ids))
        except StateError as error:
            state["unreadable"] = str(error)
        return {
            **state,
            "link": current(layout),
            "tree": tree.read(Path(os.path.realpath(there))) if os.path.lexists(there) else None,
            "absent": not os.path.lexists(there),
            "releases": {name: self._release(name) for name in cards.names(layout)},
            "litter": list(self.litter()),
        }

    def _release(self, name: str) -> list[str | None]:
        """What it is, and what its card says that it is."""
        card = cards.read(self.layout, name)
        return [tree.read(self.layout.release(name)), card.md5 if card else None]

    def settled(self, md5: str) -> bool:
        """Whether that artifact is current, and nothing else is to be done."""
        saved = self.store.load()
        reached = saved is not None and saved.current is not None and saved.current.md5 == md5
        return reached and not any(self.litter())

    def litter(self) -> Iterator[str]:
        """What may be there after a cut, and must not be there long."""
        layout, state = self.layout, self.store.folder
        saved = self.store.load()
        named = {one.name for one in saved.releases} if saved else set()
        known = {*named, *(f"{name}.json" for name in named)}
        for folder, expected in (
            (state, {"state.json", "history.jsonl", "log.jsonl", "log.jsonl.1"}),
            (layout.root, {"releases", "staging", "shared", "lock"}),
            (layout.staging, set()),
            (layout.releases, known),
            (layout.destination.parent, {"app", "tool", ".dropship"}),
        ):
            if folder.is_dir():
                yield from (str(one) for one in folder.iterdir() if one.name not in expected)


SERVICES: Final = (Service("app"), Service("tool"))


def main() -> int:
    """From the start to the stop."""
    line = os.open(_LINE, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    with os.fdopen(line, "r", buffering=1) as told, _LINE.open("w", buffering=1) as say:
        mounted = subprocess.run(
            ["mount", "-t", "ext4", "/dev/vdb", str(DISK)], check=False, capture_output=True
        )
        if mounted.returncode:
            _say(say, "unmountable", {"said": mounted.stderr.decode()})
            return 1
        _say(say, "seen", _seen())
        agent = _agent()
        for order in told:
            newest = json.loads(order)
            if not newest:
                agent.terminate()
                _say(say, "stopped", {"code": agent.wait(), **_seen()})
                return 0
            event = "converged" if _converged(agent, newest) else "stuck"
            _say(say, event, {"code": agent.poll(), **_seen()})
    return 0


def _agent() -> subprocess.Popen[bytes]:
    _CONFIG.write_text(_SETTINGS.format(disk=DISK, port=os.environ["STORE_PORT"]))
    (DISK / "srv").mkdir(exist_ok=True)
    with _CONSOLE.open("ab") as console:
        return subprocess.Popen(
            [sys.executable, "-m", "dropship", "agent"],
            env={**os.environ, "DROPSHIP_CONFIG": str(_CONFIG)},
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )


def _converged(agent: subprocess.Popen[bytes], newest: Mapping[str, str]) -> bool:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and agent.poll() is None:
        if all(one.settled(newest[one.name]) for one in SERVICES):
            return True
        time.sleep(0.2)
    return False


def _seen() -> dict[str, Any]:
    return {"services": {one.name: one.seen() for one in SERVICES}}


def _say(line: Any, event: str, facts: Mapping[str, Any]) -> None:
    line.write(json.dumps({"event": event, **facts}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
