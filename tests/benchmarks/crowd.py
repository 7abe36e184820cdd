"""1,000 services in one agent: how long until all are up, a status is told, all have ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.e2e.host import PROGRAM, eventually, tarball

SERVICES = 1000
TARGETS = {"up": 10.0, "status": 0.5, "stopped": 10.0}
MEANINGS = {
    "up": "start to ready: every worker is forked",
    "checked": "start to the moment when each has checked",
    "status": "status --format json, everybody idle",
    "stopped": "SIGTERM to the end",
}
_ASKED = 7
_PATIENCE = 300.0

_SERVICE = """\
service "app-{number:04}" {{
  checkInterval = "1h"
  artifact "file" {{
    path        = "{folder}/app.tar.gz"
    destination = "{folder}/srv/app-{number:04}"
    settle      = "0s"
  }}
}}
"""


@dataclass(frozen=True)
class Spans:
    """Seconds that one life of an agent took, by what they were for."""

    up: float
    checked: float
    status: float
    stopped: float


class Host:
    """A host with many services, all of one artifact."""

    def __init__(self, folder: Path, services: int) -> None:
        self._config = folder / "dropship.hcl"
        self._log = folder / "log"
        self._address = folder / "notify"
        (folder / "app.tar.gz").write_bytes(tarball({"version": "1"}))
        paths = f'state_path = "{folder}/state"\nrun_path = "{folder}/run"\n'
        blocks = [_SERVICE.format(number=one, folder=folder) for one in range(services)]
        self._config.write_text(paths + "\n".join(blocks))

    def life(self) -> Spans:
        """Start an agent, ask it, and end it."""
        began = time.monotonic()
        with self._log.open("wb") as log, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            self._address.unlink(missing_ok=True)
            told.bind(str(self._address))
            told.settimeout(_PATIENCE)
            environ = {**os.environ, "NOTIFY_SOCKET": str(self._address)}
            agent = subprocess.Popen(self._command("agent"), stderr=log, env=environ)
            try:
                while b"READY=1" not in told.recv(1 << 16):
                    pass
                up = time.monotonic() - began
                eventually(self._all_checked, self._log.read_text, _PATIENCE)
                checked = time.monotonic() - began
                status = median(self._asked() for _ in range(_ASKED))
                asked = time.monotonic()
                agent.send_signal(signal.SIGTERM)
                if left := agent.wait(_PATIENCE):
                    raise RuntimeError(f"the agent ended with {left}")
                return Spans(up, checked, status, time.monotonic() - asked)
            finally:
                agent.kill()
                agent.wait()

    def _all_checked(self) -> bool:
        told = subprocess.run(self._status(), capture_output=True, check=False)
        if told.returncode:
            return False
        found = json.loads(told.stdout)["services"]
        return all(one["lastCheck"] and one["hash"] and one["state"] == "idle" for one in found)

    def _asked(self) -> float:
        began = time.monotonic()
        subprocess.run(self._status(), stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - began

    def _status(self) -> list[str]:
        return self._command("status", "--format", "json")

    def _command(self, *words: str) -> list[str]:
        return [*PROGRAM, "--config", str(self._config), *words]


def measured(services: int, rounds: int, folder: Path) -> list[dict[str, Any]]:
    """So many lives, after one that installs everything and does not count."""
    host = Host(folder, services)
    host.life()
    lives = [host.life() for _ in range(rounds)]
    return [_row(name, [getattr(life, name) for life in lives]) for name in MEANINGS]


def _row(name: str, seconds: Sequence[float]) -> dict[str, Any]:
    row = {
        "what": name,
        "meaning": MEANINGS[name],
        "median": round(median(seconds), 2),
        "smallest": round(min(seconds), 2),
    }
    if name in TARGETS:
        row |= {"target": TARGETS[name], "met": median(seconds) <= TARGETS[name]}
    return row


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"{row['what']:8} {row['median']:6.2f} s, at best {row['smallest']:.2f} s"
        + (f" (at most {row['target']:g} s) {_verdict(row)}" if "met" in row else "")
        + f"   {row['meaning']}"
        for row in found
    ]


def _verdict(row: Mapping[str, Any]) -> str:
    return "ok" if row["met"] else "MISSED"
