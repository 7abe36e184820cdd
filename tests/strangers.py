"""Backends of others, as pip would install them: the example of ``tests/plugins``, and faulty ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).parent / "plugins"


def install_example(folder: Path) -> Path:
    """Put the example there; gives the folder to put on the module path."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(EXAMPLE / "dropship_shelf", folder / "dropship_shelf")
    return described(folder, project["name"], project["entry-points"])


def described(folder: Path, name: str, entries: Mapping[str, Any]) -> Path:
    """Say in ``folder`` what is in it, as an installed distribution does."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        line
        for group, points in entries.items()
        for line in (f"[{group}]", *(f"{point} = {target}" for point, target in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder
