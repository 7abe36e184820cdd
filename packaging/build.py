"""Builds the packages: ``python packaging/build.py [--into dist] [--arch amd64] [--release 1]``.

A source archive and a wheel for pip, and from the wheel, pinned libraries and ``nfpm.yaml`` a .deb
and an .rpm. All but the download is done twice, and must give the same bytes. Needs the modules of
``requirements-build.txt`` and ``strip``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stage import HERE, MAINTAINER, ROOT, Release, lay
from vendor import MACHINES, VendorError, fetch, unpack

# What hatchling gives to all files where nothing else is known: the same moment.
_SOME_TIME: Final = 1_580_601_600


def main() -> int:
    """Build twice, compare, put the packages into the folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="default: dist")
    parser.add_argument("--arch", choices=MACHINES, default=_own(), help="default: this machine's")
    parser.add_argument("--release", type=int, default=1, help="of the package; default: 1")
    parser.add_argument("--once", action="store_true", help="not again to compare")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            built = _built(Path(folder), args.arch, args.release, rounds=1 if args.once else 2)
            args.into.mkdir(parents=True, exist_ok=True)
            for package in built:
                shutil.copy(package, args.into)
                print(f"{args.into / package.name}  {package.stat().st_size:,} bytes")
    except (VendorError, subprocess.CalledProcessError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    return 0


def _own() -> str:
    return {machine: arch for arch, machine in MACHINES.items()}.get(os.uname().machine, "amd64")


def _built(folder: Path, arch: str, number: int, *, rounds: int) -> list[Path]:
    """The packages, from ``rounds`` builds that gave the same bytes."""
    wheels = {one: folder / f"wheels-{one}" for one in {arch, _own()}}
    for one, place in wheels.items():
        place.mkdir()
        fetch(MACHINES[one], place)
    first, *others = (
        _build(folder / f"{count}", wheels, arch, number) for count in range(1, rounds + 1)
    )
    for other in others:
        for package, again in zip(first, other, strict=True):
            if _digest(package) != _digest(again):
                raise VendorError(f"{package.name} comes out differently each time")
    return first


def _build(folder: Path, wheels: Mapping[str, Path], arch: str, number: int) -> list[Path]:
    out = folder / "packages"
    out.mkdir(parents=True)
    time = _time()
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(time)},
    )
    (wheel,) = out.glob("*.whl")
    release = Release(wheel.name.split("-")[1], number, time)
    for one, place in wheels.items():
        unpack([wheel, *sorted(place.glob("*.whl"))], folder / one, MACHINES[one])
    # What runs on this machine tells of itself, for a package that may be for another.
    lay(folder / arch, folder / "tree", release, runs=folder / _own())
    for packager in ("deb", "rpm"):
        _package(packager, folder / "tree", out, release, arch)
    return sorted(out.iterdir())


def _package(packager: str, tree: Path, out: Path, release: Release, arch: str) -> None:
    environ = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(release.time),
        "DROPSHIP_ARCH": arch,
        "DROPSHIP_VERSION": release.upstream,
        "DROPSHIP_RELEASE": str(release.number),
        "DROPSHIP_MAINTAINER": MAINTAINER,
    }
    subprocess.run(
        ["nfpm", "package", "--config", HERE / "nfpm.yaml", "--packager", packager, "--target", out],
        cwd=tree, env=environ, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _time() -> int:
    """Of the last commit, unless ``SOURCE_DATE_EPOCH`` says otherwise."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(said)
    done = subprocess.run(
        ["git", "-C", ROOT, "log", "-1", "--format=%ct"],
        capture_output=True,
        text=True,
        check=False,
    )
    return int(done.stdout) if done.returncode == 0 else _SOME_TIME


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
