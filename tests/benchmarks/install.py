"""``install``: from a web server on loopback to a complete tree, digests and all.

Dropship's contestant is what a worker does when something new has come: all it needs was loaded
and made by the supervisor it was forked from.
"""

from __future__ import annotations

import shutil
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

import requests

from dropship.config.load import load
from dropship.core.values import Size
from dropship.core.watch import Progress
from dropship.deploy.rig import Rig, Workshop
from dropship.install import stage
from tests.benchmarks.contest import Contestant, child, shell

try:
    from isal import isal_zlib
except ImportError:  # pragma: no cover - there is a wheel for every machine that we know
    isal_zlib = None

_PIECE = 256 << 10
_DIGEST = "tee >(md5sum >md5)"


class _Watch:
    """Nobody is waiting."""

    def look(self) -> None:
        """Nothing to look at."""

    def wait(self, seconds: float) -> None:
        """Only time goes by."""
        time.sleep(seconds)

    def report(self, progress: Progress) -> None:
        """Nobody listens."""


def contestants(url: str, file: Path) -> Sequence[Contestant]:
    """Everybody who can install ``url``; ``file`` is the same on disk."""
    worker = _Worker(url)
    return (
        Contestant("dropship", child(worker.work), ready=worker.ready),
        Contestant(
            "curl | tee >(md5sum) | bsdtar x",
            shell(f"curl -sSf {url} | {_DIGEST} | bsdtar -x -f -"),
            _missing("curl", "bsdtar"),
        ),
        Contestant(
            "curl | tee >(md5sum) | tar xz",
            shell(f"curl -sSf {url} | {_DIGEST} | tar -x -z"),
            _missing("curl", "tar"),
        ),
        Contestant("requests + tarfile", child(lambda place: _tarfile(url, place)), _no_filter()),
        Contestant("isal inflate alone", child(lambda _place: _inflate(file)), _no_isal()),
    )


def _missing(*programs: str) -> str:
    gone = [one for one in programs if shutil.which(one) is None]
    return f"{', '.join(gone)} is not installed" if gone else ""


def _no_isal() -> str:
    return "" if isal_zlib is not None else "isal is not installed"


def _no_filter() -> str:
    return "" if hasattr(tarfile, "data_filter") else "this Python's tarfile has no filters"


class _Worker:
    """One that is forked with its rig, and has something to install at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rig: Rig

    def ready(self, place: Path) -> None:
        """What the supervisor does at its start."""
        config = place / "dropship.hcl"
        config.write_text(
            f'state_path = "{place}/state"\nrun_path = "{place}/run"\n'
            f'service "app" {{\n  checkInterval = "1h"\n  artifact "http" {{\n'
            f'    url = "{self._url}"\n    destination = "{place}/srv/app"\n  }}\n}}\n'
        )
        loaded = load(config, environ={}, cwd=place, euid=0)
        if loaded.config is None:
            raise RuntimeError(str(loaded.diagnostics))
        (service,) = loaded.config.services
        self._rig = Workshop(loaded.config, {}).rig(service)

    def work(self, _place: Path) -> None:
        """What the worker does when something has come."""
        rig = self._rig
        artifact = rig.service.artifact
        found = rig.source.find()
        request = stage.StageRequest(
            layout=rig.layout,
            artifact=artifact,
            found=found,
            recipe="",
            min_free=rig.min_free,
        )
        stage.stage(request, rig.source, _Watch(), time.time)


def _tarfile(url: str, place: Path) -> None:
    with (
        requests.get(url, stream=True, timeout=60) as response,
        tarfile.open(fileobj=response.raw, mode="r|gz") as archive,
    ):
        archive.extractall(place, filter="data")


def _inflate(file: Path) -> None:
    inflater = isal_zlib.decompressobj(wbits=31)
    with file.open("rb") as source:
        while piece := source.read(_PIECE):
            while piece:
                inflater.decompress(piece, 1 << 20)
                piece = inflater.unconsumed_tail


def targets(shape: str) -> Sequence[tuple[str, str, float]]:
    """What is to be reached: (figure, rival, ratio at most)."""
    if shape == "big":
        return (
            ("wall", "curl | tee >(md5sum) | bsdtar x", 0.60),
            ("wall", "curl | tee >(md5sum) | tar xz", 0.30),
            ("cpu", "curl | tee >(md5sum) | tar xz", 0.35),
            ("wall", "isal inflate alone", 1.5),
        )
    return (
        ("wall", "curl | tee >(md5sum) | tar xz", 1.0),
        ("cpu", "curl | tee >(md5sum) | tar xz", 0.8),
        ("wall", "requests + tarfile", 0.2),
    )


def size_of(file: Path) -> str:
    """For people."""
    return str(Size(file.stat().st_size))
