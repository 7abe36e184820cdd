"""A booted systemd: an overlay of some root, as this machine's own, in a container of systemd-nspawn.

Nothing is written to that root: what changes is kept in memory and gone when the container ends,
with the mounts, which are in a namespace of its own.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

import dropship
from tests.servers.process import Process, missing

UNITS: Final = Path(__file__).parents[1] / "systemd" / "units"
"""Services of every kind: that run, that fall over, that are never ready."""

UNIT: Final = Path(__file__).parents[2] / "packaging" / "systemd" / "dropship.service"

_MOUNT: Final = """
set -eu
for place in /sys/fs/cgroup /sys/fs/cgroup/*; do
    group="$place/$1"
    # Some controllers take nobody in before they are told more; systemd does without them.
    mkdir "$group" 2>/dev/null && echo $$ >"$group/cgroup.procs" || true
done
shift
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
shift 2
exec "$@"
"""
# What an administrator would do: the program in its place, the unit beside it.
_WRAPPER: Final = """#!/bin/sh
exec "{python}" -m dropship "$@"
"""


@dataclass(frozen=True)
class Systemd:
    """One that runs. ``pid`` is its process, seen from here."""

    pid: int

    @property
    def root(self) -> Path:
        """The container's root folder, to be written to from here."""
        return Path(f"/proc/{self.pid}/root")

    def run(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command in it, and wait for its end."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, timeout=timeout
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Run a command in it; what it says is nobody's."""
        return subprocess.Popen(
            self.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def lend(self, folder: Path, *prefix: str) -> Path:
        """A folder for PATH whose ``systemctl`` and ``journalctl`` are those of the machine.

        ``prefix`` is a command line in front of them, in the machine.
        """
        folder.mkdir()
        for name in ("systemctl", "journalctl"):
            words = shlex.join(self.command(*prefix, name))
            (folder / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
            (folder / name).chmod(0o755)
        return folder

    def settle(self) -> None:
        """Stop the units of the tests; forget that any failed, and what they ran."""
        names = [one.name.replace("@", "@*") for one in UNITS.iterdir()]
        self.run("systemctl", "stop", *names)
        self.run("systemctl", "reset-failed")
        for place in (self.root / "srv").iterdir():
            place.unlink() if place.is_symlink() else shutil.rmtree(place)

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def command(self, *words: str) -> list[str]:
        """A command line that runs a command in it."""
        inside = ["nsenter", "-t", str(self.pid), "-a", "env", "-i", "PATH=/usr/bin:/bin:/usr/sbin"]
        return [*inside, *words]


@contextmanager
def running(folder: Path) -> Iterator[Systemd]:
    """Boot this machine's own root with the program that the tests run, and the units of the tests."""
    with booted(folder, Path("/")) as machine:
        _install(machine)
        yield machine


@contextmanager
def booted(folder: Path, lower: Path) -> Iterator[Systemd]:
    """Boot an overlay of a root, and shut it down."""
    if os.geteuid() != 0 or not (shutil.which("systemd-nspawn") and shutil.which("systemctl")):
        missing("systemd-container")
    place = folder / "machine"
    place.mkdir()
    # Without a group of its own it would share, and tidy up, those of other containers.
    group = f"dropship-{os.getpid()}"
    argv = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        _MOUNT,
        "sh",
        group,
        str(place),
        str(lower),
        *_nspawn(place / "root"),
    ]
    container = Process(argv, folder / "console")
    try:
        found: list[Systemd] = []

        def up() -> bool:
            with suppress(psutil.Error):
                for child in psutil.Process(container.pid).children():
                    found[:] = [Systemd(child.pid)]
                    return (
                        found[0].run("systemctl", "is-active", "basic.target").stdout == "active\n"
                    )
            return False

        container.wait_until(up)
        yield found[0]
    finally:
        container.stop()  # by which it is shut down in order
        _disband(group)


def _nspawn(root: Path) -> list[str]:
    """What boots the container; /tmp is new in it, and what the program needs may be there."""
    needed = {Path(sys.prefix), Path(sys.base_prefix), Path(dropship.__file__).parents[1]}
    binds = [f"--bind-ro={one}" for one in sorted(needed) if one.is_relative_to("/tmp")]
    return [
        "systemd-nspawn", "--quiet", f"--directory={root}", "--register=no", "--keep-unit",
        "--private-network", "--link-journal=no", "--console=pipe", *binds,
        "--boot", "systemd.unit=basic.target",
    ]  # fmt: skip


def _disband(group: str) -> None:
    """Remove the control groups that a container has left, from the innermost on."""
    groups = Path("/sys/fs/cgroup")
    for top in (groups / group, *groups.glob(f"*/{group}")):
        for place, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                Path(place).rmdir()


def _install(machine: Systemd) -> None:
    program = machine.root / "usr/bin/dropship"
    program.write_text(_WRAPPER.format(python=sys.executable))
    program.chmod(0o755)
    folder = machine.root / "etc/systemd/system"
    for unit in (UNIT, *UNITS.iterdir()):
        shutil.copy(unit, folder)
    (folder / "masked.service").symlink_to("/dev/null")
    machine.run("systemctl", "daemon-reload")
