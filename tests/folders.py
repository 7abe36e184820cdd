"""Looking into folders."""

from __future__ import annotations

from pathlib import Path


def names(folder: Path | str) -> list[str]:
    """What is in a folder, sorted."""
    return sorted(one.name for one in Path(folder).iterdir())
