"""The .deb of a build, unpacked beside the system and compiled, as its installation does it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PYTHON: Final = "/usr/bin/python3"
"""What runs an installed program."""

DIST: Final = Path(__file__).parents[2] / "dist"
_SITE: Final = "/usr/lib/dropship/site"


@dataclass(frozen=True)
class Unpacked:
    """Where it was put."""

    root: Path

    def command(self, *words: str | Path) -> list[str]:
        """A command line of the program."""
        return [str(self.root / "usr/bin/dropship"), *map(str, words)]

    @property
    def example(self) -> str:
        """The service that the package has for people to begin with."""
        return (self.root / "etc/dropship.d/services/example.hcl.disabled").read_text()


def lacking(dist: Path = DIST) -> str:
    """Why there is nothing to unpack here; empty if there is."""
    if not shutil.which("dpkg-deb"):
        return "dpkg-deb is not installed"
    if not Path(PYTHON).exists():
        return f"there is no {PYTHON}"
    return "" if _debs(dist) else "there is no .deb in dist (tox -e package)"


def unpack(folder: Path, dist: Path = DIST) -> Unpacked:
    """Unpack the newest."""
    subprocess.run(["dpkg-deb", "-x", _debs(dist)[-1], folder], check=True)
    site = folder / _SITE.lstrip("/")
    launcher = folder / "usr/bin/dropship"
    text = launcher.read_text()
    assert text.count(_SITE) == 1, "the launcher names the folder once"
    launcher.write_text(text.replace(_SITE, str(site)))
    subprocess.run([PYTHON, "-sE", "-m", "compileall", "-q", site], check=True)
    return Unpacked(folder)


def _debs(dist: Path) -> list[Path]:
    return sorted(dist.glob("*.deb"), key=lambda one: one.stat().st_mtime)
