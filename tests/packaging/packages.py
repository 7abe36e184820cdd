"""The packages, and a booted Debian that they are put on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.servers.process import home, missing
from tests.servers.systemd import Systemd, booted
from tests.systemd.unit import Unit

BUILD: Final = Path(__file__).parents[2] / "packaging" / "build.py"
DEBIANS: Final = ("bookworm", "trixie")


@dataclass(frozen=True)
class Packages:
    """Two releases of the packages; ``deb`` and ``rpm`` name the older one first."""

    deb: tuple[Path, Path]
    rpm: tuple[Path, Path]


def found(folder: Path, later: Path) -> Packages:
    """Those of a folder, and the next release of them, which is built."""
    debs, rpms = [*folder.glob("*-1_*.deb")], [*folder.glob("*-1.*.rpm")]
    if (len(debs), len(rpms)) != (1, 1):
        pytest.fail(f"{folder} has not one package of each kind: tox -e package builds them")
    (deb,), (rpm,) = debs, rpms
    subprocess.run(
        [sys.executable, BUILD, "--into", later, "--release", "2", "--once"],
        check=True, env={**os.environ, "PYTHONPATH": ""}, timeout=600,
    )  # fmt: skip
    (next_deb,), (next_rpm,) = later.glob("*.deb"), later.glob("*.rpm")
    return Packages((deb, next_deb), (rpm, next_rpm))


@contextmanager
def running(folder: Path, debian: str, packages: Packages) -> Iterator[Systemd]:
    """Boot a release of Debian, with the packages in its ``/root``."""
    root = home() / "roots" / debian
    if not root.is_dir():
        missing(f"a root of {debian}")
    with booted(folder, root) as machine:
        for package in (*packages.deb, *packages.rpm):
            shutil.copy(package, machine.root / "root")
        yield machine


class Host(Unit):
    """A host on which the package is not installed at first; what is asked of it is the unit's."""

    def __init__(self, machine: Systemd, packages: Packages) -> None:
        self.machine = machine
        self.packages = packages
        self.done("dpkg", "--purge", "dropship")
        for path in ("srv", "root/marks"):
            shutil.rmtree(self.path(path), ignore_errors=True)
        for path in ("srv/store", "root/marks"):
            self.path(path).mkdir(parents=True)
        self.begin()

    def done(self, *words: str) -> str:
        """What a command prints that must succeed."""
        ran = self.machine.run(*words, timeout=300)
        if ran.returncode != 0:
            pytest.fail(f"{' '.join(words)}: {ran.stdout}{ran.stderr}")
        return ran.stdout

    def install(self, number: int = 0, *options: str) -> str:
        """As ``apt install ./dropship.deb`` does it; the agent is up then. Gives what is said."""
        package = f"/root/{self.packages.deb[number].name}"
        words = f"exec apt-get install -qq -y {' '.join(options)} {package} 2>&1"
        return self.done("env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", words)

    def replacing(self, number: int, *options: str) -> subprocess.Popen[bytes]:
        """An installation that is waited for elsewhere."""
        package = f"/root/{self.packages.deb[number].name}"
        return self.machine.start("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install",
                                  "-qq", "-y", *options, package)  # fmt: skip

    def installed(self) -> str:
        """Which version of the package there is, by what its files say."""
        found = self.done("dpkg-query", "-W", "-f", "${Version}", "dropship")
        return found if self.path("usr/bin/dropship").exists() else ""

    def files(self) -> set[str]:
        """Every file and folder of the host, but for what package manager and journal note down."""
        said = self.done("find", "/", "-xdev", "(", *_NOTED, ")", "-prune", "-o", "-print")
        return set(said.splitlines())


_NOTED: Final = [
    word
    for place in (
        "/proc", "/sys", "/dev", "/tmp", "/root", "/var/log", "/var/cache", "/var/lib/apt",
        "/var/lib/dpkg", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-",
        "/run/log", "/run/systemd", "/run/udev", "/var/tmp", "/var/lib/systemd/linger",
    )
    for word in ("-o", "-path", place)
][1:]  # fmt: skip
