"""The unit on a booted systemd: two services over a folder, and whatever is asked of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from tests.e2e.host import eventually, tarball
from tests.servers.systemd import Systemd

_SERVICE: Final = """
service "{name}" {{
  checkInterval = "200ms"
  artifact "file" {{
    path        = "/srv/store/{name}.tar.gz"
    destination = "/srv/{name}"
    settle      = "0s"
  }}
  {body}
}}
"""


_MEMORY: Final = Path("/sys/fs/cgroup/memory")


def _oom_kills(group: Path) -> int:
    control = (group / "memory.oom_control").read_text()
    return int(control.partition("oom_kill ")[2].split()[0])


class Unit:
    """``dropship.service``, stopped and without a past at first."""

    def __init__(self, machine: Systemd) -> None:
        self.machine = machine
        self.systemctl("stop", "dropship")
        self.systemctl("reset-failed", "dropship")
        for path in ("srv", "var/lib/dropship", "etc/dropship.d", _DROP_IN, "root/marks"):
            shutil.rmtree(self.path(path), ignore_errors=True)
        for path in ("srv/store", "etc/dropship.d", "root/marks"):
            self.path(path).mkdir(parents=True)
        self.systemctl("daemon-reload")
        self.begin()

    def begin(self) -> None:
        """What the journal told up to now is not asked for."""
        self._since = self.run("date", "+%F %T.%6N").strip()

    # --- what is on the machine -----------------------------------------------------------------

    def path(self, inside: str) -> Path:
        """Where a file of the machine is, seen from here."""
        return self.machine.root / inside.lstrip("/")

    def configure(self, *services: str, main: str = "") -> None:
        """Write the configuration."""
        self.path("etc/dropship.d/dropship.hcl").write_text("\n".join((main, *services)))

    def service(self, body: str = "", *, name: str = "app") -> str:
        """A service block."""
        return _SERVICE.format(name=name, body=body)

    def publish(self, version: str, name: str = "app") -> None:
        """Put a version into the store."""
        self.put(tarball({"version": version}), f"{name}.tar.gz")

    def put(self, data: bytes, name: str) -> None:
        """Put bytes into the store, whole at once."""
        fresh = self.path(f"srv/store/.{name}.new")
        fresh.write_bytes(data)
        fresh.rename(self.path(f"srv/store/{name}"))

    def version(self, name: str = "app") -> str | None:
        """What is current."""
        # The link is the machine's own, and leads somewhere only there.
        return self.run("sh", "-c", f"cat /srv/{name}/version 2>/dev/null || true") or None

    def until_version(self, version: str, name: str = "app") -> None:
        """Wait until a version is current and the update is over."""
        journal = self.path("var/lib/dropship/services") / name / "journal.json"
        eventually(
            lambda: self.version(name) == version and not journal.exists(),
            lambda: f"{version}: {self.journal()}",
        )

    def limit(self, settings: Mapping[str, str]) -> None:
        """A drop-in of the administrator's."""
        self.path(_DROP_IN).mkdir(exist_ok=True)
        lines = ["[Service]", *(f"{name}={value}" for name, value in settings.items()), ""]
        (self.path(_DROP_IN) / "test.conf").write_text("\n".join(lines))
        self.systemctl("daemon-reload")

    def mark(self, name: str) -> Path:
        """A file that hooks make or wait for; they know it as ``/root/marks/NAME``."""
        return self.path("root/marks") / name

    def marked(self, name: str) -> str:
        """What is in one of these files by now."""
        mark = self.mark(name)
        return mark.read_text() if mark.exists() else ""

    @contextmanager
    def hungry(self, pid: int, limit: int) -> Iterator[Callable[[], int]]:
        """Let a process of the machine, and those it forks, have so little memory more.

        Gives what tells how many of them the kernel has killed for that.
        """
        if not (_MEMORY / "memory.limit_in_bytes").exists():
            pytest.skip("no memory controller of cgroups (v1) is to be had")
        group = _MEMORY / f"dropship-test-{os.getpid()}"
        group.mkdir()
        try:
            (group / "memory.limit_in_bytes").write_text(str(limit))
            (group / "cgroup.procs").write_text(str(self._outside(pid)))
            yield lambda: _oom_kills(group)
        finally:
            (_MEMORY / "cgroup.procs").write_text(str(self._outside(pid)))
            eventually(lambda: not (group / "cgroup.procs").read_text(), "be empty")
            group.rmdir()

    def _outside(self, pid: int) -> int:
        """The number, as seen from here, of a process of the machine."""
        for one in psutil.Process(self.machine.pid).children(recursive=True):
            with suppress(OSError):
                status = Path(f"/proc/{one.pid}/status").read_text()
                if re.search(rf"^NSpid:.*\t{pid}$", status, re.MULTILINE):
                    return one.pid
        raise AssertionError(f"{pid} is no process of the machine")

    # --- what is done and asked -----------------------------------------------------------------

    def run(self, *words: str) -> str:
        """What a command in the machine prints."""
        return self.machine.run(*words).stdout

    def systemctl(self, *words: str) -> int:
        """The exit status of systemctl."""
        return self.machine.run("systemctl", *words).returncode

    def stopping(self) -> subprocess.Popen[bytes]:
        """``systemctl stop``, which is waited for elsewhere."""
        return self.machine.start("systemctl", "stop", "dropship")

    def show(self, name: str) -> str:
        """A property of the unit."""
        return self.run("systemctl", "show", "--value", "-p", name, "dropship").strip()

    @property
    def pid(self) -> int:
        """The supervisor, by its number there."""
        return int(self.show("MainPID"))

    def kill(self, pid: int, signal: str) -> None:
        """Send a process of the machine a signal."""
        self.run("kill", "-s", signal, str(pid))

    def alive(self, pid: int) -> bool:
        """Whether a process of the machine is there, and no zombie."""
        state = self.run("ps", "-o", "state=", "-p", str(pid)).strip()
        return bool(state) and state != "Z"

    def workers(self) -> list[int]:
        """The processes that call themselves workers."""
        lines = self.run("ps", "-eo", "pid=,args=").splitlines()
        return [int(one.split()[0]) for one in lines if "dropship: worker" in one]

    def status(self) -> dict[str, Any]:
        """What ``dropship status`` says."""
        said = self.run("dropship", "status", "--format", "json")
        return dict(json.loads(said)) if said else {}

    def state(self, name: str = "app") -> dict[str, Any]:
        """What it says of a service."""
        return next((one for one in self.status()["services"] if one["name"] == name), {})

    def history(self) -> list[dict[str, str]]:
        """What ``dropship history`` tells, the oldest first."""
        return list(json.loads(self.run("dropship", "history", "--format", "json")))

    def journal(self, *words: str) -> str:
        """What the unit has said since the test began."""
        return self.run("journalctl", "-u", "dropship", "-o", "cat", "--since", self._since, *words)


_DROP_IN: Final = "etc/systemd/system/dropship.service.d"
