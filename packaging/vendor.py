"""The libraries that the packages carry: pinned wheels, unpacked side by side and cut down.

``requirements.txt`` pins each by version and by the digests of its wheels; ``renew.py`` writes it.
The names of compiled modules carry the version of Python that they are for, so those of every
supported one share a folder, and a host may change its Python without another package.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
PYTHONS: Final = ("3.10", "3.11", "3.12", "3.13", "3.14")
MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name of an architecture, and the kernel's."""

# The oldest C library among the distributions that the packages are for is 2.34, of EL 9.
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux_2_12")
_MARKS_OF_WHEELS: Final = re.compile(r"[^/]+\.dist-info/(RECORD|WHEEL|INSTALLER|REQUESTED)$")
# Services of Amazon that a store or its credentials need; the rest is thirty megabytes.
_SERVICES: Final = re.compile(r"botocore/data/(?!(?:s3|sts|sso|sso-oidc|signin)/)[^/]+/")
_UNUSED: Final = re.compile(
    r"""
    .*/tests?/ | .*\.(?:pyi|pyx|pxd|c|h|typed)$
    | boto3/examples/ | boto3/data/(?!s3/)[^/]+/
    | [^/]+\.data/ | (?:[^/]+/)*bin/
    """,
    re.VERBOSE,
)


class VendorError(Exception):
    """What the wheels hold cannot be put together."""


def pip_platform(python: str, machine: str) -> list[str]:
    """What has pip choose wheels for another Python and machine than its own."""
    platforms = [word for one in _PLATFORMS for word in ("--platform", f"{one}_{machine}")]
    version = ["--python-version", python, "--implementation", "cp", *platforms]
    return [*version, "--only-binary=:all:", "--no-deps"]


def wanted(python: str) -> Iterator[str]:
    """What a Python needs: each library by version and digests."""
    for line in REQUIREMENTS.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        requirement, mark, digests = line.partition(" --hash")
        if mark and _meant(Requirement(requirement), python):
            yield f"{requirement.partition(';')[0].strip()}{mark}{digests}"


def _meant(requirement: Requirement, python: str) -> bool:
    # Of the Python that it will run on, not of the one that builds.
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def fetch(machine: str, into: Path) -> None:
    """Download the wheels for all Pythons on a ``machine`` (the kernel's name of it).

    Raises:
        subprocess.CalledProcessError: pip could not; it has said why.
    """
    for python in PYTHONS:
        chosen = into / f"requirements-{python}.txt"
        chosen.write_text("\n".join(wanted(python)) + "\n", encoding="utf-8")
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "-qq", "--require-hashes",
                "--disable-pip-version-check", *pip_platform(python, machine),
                "--dest", into, "--requirement", chosen,
            ],
            check=True,
        )  # fmt: skip


def unpack(wheels: Iterable[Path], site: Path, machine: str) -> None:
    """Unpack wheels into ``site``, without what nobody will use there.

    Raises:
        VendorError: Two wheels disagree about a file.
    """
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in _needed(archive.namelist()):
                _put(_module(archive.read(name)), site / name, wheel.name)
    # An old-fashioned package of this name among the distribution's own would hide ours.
    (site / "backports" / "__init__.py").touch()
    _strip(site, machine)


def _needed(names: list[str]) -> Iterator[str]:
    for name in names:
        cut = _MARKS_OF_WHEELS.match(name) or _SERVICES.match(name) or _UNUSED.match(name)
        if not name.endswith("/") and not cut:
            yield name


def _module(data: bytes) -> bytes:
    """Nothing below ``site`` is a program, whatever its first line says."""
    return data.partition(b"\n")[2] if data.startswith(b"#!") else data


def _put(data: bytes, path: Path, wheel: str) -> None:
    if path.exists() and path.read_bytes() != data:
        raise VendorError(f"{wheel}: {path.name} is another than the one that is there")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _strip(site: Path, machine: str) -> None:
    program = f"{machine}-linux-gnu-strip"
    if shutil.which(program) is None:
        raise VendorError(
            f"{program} is not installed: Debian has it in binutils-{machine}-linux-gnu"
        )
    libraries = sorted(site.rglob("*.so"))
    subprocess.run([program, "--strip-unneeded", *libraries], check=True)
