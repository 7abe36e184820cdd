"""What may be named in ``shared``: paths inside a release that outlive it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

_LONGEST: Final = 255  # bytes of one part, as file systems have it


@dataclass(frozen=True, slots=True)
class SharedPath:
    """A path below a release.

    Attributes:
        parts: Its parts, from the release down; at least one.
        folder: It was written with a ``/`` at its end: nothing but a folder will do.
    """

    parts: tuple[str, ...]
    folder: bool = False

    def __str__(self) -> str:
        return "/".join(self.parts)


def parse(text: str) -> SharedPath:
    """Read one.

    Raises:
        ValueError: It cannot be shared; says why.
    """
    if text.startswith("/"):
        raise ValueError("must be relative: it is below the release")
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ValueError('must not have ".." in it: it is below the release')
    if not parts:
        raise ValueError("names the whole release")
    if "\0" in text or any(len(part.encode(errors="replace")) > _LONGEST for part in parts):
        raise ValueError("can be the name of no file")
    return SharedPath(parts, folder=text.endswith(("/", "/.")))


def nested(paths: Sequence[SharedPath]) -> tuple[SharedPath, SharedPath] | None:
    """The first two of which one is, or holds, the other."""
    for one, two in combinations(paths, 2):
        short = min(len(one.parts), len(two.parts))
        if one.parts[:short] == two.parts[:short]:
            return one, two
    return None
