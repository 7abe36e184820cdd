"""Stores of others as the contract sees them: the example, and what the environment names.

``DROPSHIP_SHELF=package.module:function`` names one more, made by a function that takes an empty
folder and gives a ``Shelf``.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from dropship.repos import Repo
from tests.contracts.shelves import Shelf
from tests.plugins.dropship_shelf.shelf import ShelfLocation, ShelfOptions, ShelfRepo


@dataclass
class Zipped:
    """The ``shelf`` repo of the example: one ZIP file."""

    folder: Path
    promises_md5: bool = False
    repo: Repo[Any] = field(init=False)

    def __post_init__(self) -> None:
        self._file = self.folder / "shelf.zip"
        ZipFile(self._file, "w").close()
        self.repo = ShelfRepo(ShelfOptions(file=str(self._file)))

    def put(self, name: str, data: bytes) -> None:
        """Store it: the file is written anew, as a whole."""
        fresh = self.folder / "shelf.new"
        with ZipFile(self._file) as old, ZipFile(fresh, "w") as new:
            for one in old.infolist():
                if one.filename != name:
                    new.writestr(one, old.read(one))
            new.writestr(name, data)
        fresh.rename(self._file)

    def location(self, name: str) -> ShelfLocation:
        """As the configuration says it."""
        return ShelfLocation(path=name)

    def close(self) -> None:
        """Let go."""
        self.repo.close()


def shelves() -> dict[str, Callable[[Any, Path, str], Shelf]]:
    """How each is made, by name."""
    made: dict[str, Callable[[Any, Path, str], Shelf]] = {
        "third-party": lambda _, folder, __: Zipped(folder)
    }
    if target := os.environ.get("DROPSHIP_SHELF"):
        module, _, name = target.partition(":")
        function = getattr(importlib.import_module(module), name)
        made[target] = lambda _, folder, __: function(folder)
    return made
