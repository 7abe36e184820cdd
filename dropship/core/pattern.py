"""Where the version is in a path: ``{version}`` stands for it.

What a version is, and which one is wanted, says ``core.version``.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

PLACE: Final = "{version}"
"""What stands for the version in a path."""

_LONGEST: Final = 255  # characters, as of a file's name
_ASTRAY: Final = frozenset({".", ".."})


class Pattern(NamedTuple):
    """A path, or a URL, in which ``{version}`` stands for the version.

    Attributes:
        address: All of it.
        folder: What comes before the part that has the first version, with its slash.
        part: That part, without slashes around.
        ends: Whether that part is the last one, so that it names the artifact itself.
    """

    address: str
    folder: str
    part: str
    ends: bool

    @staticmethod
    def of(address: str) -> Pattern | None:
        """The pattern of an address; None if it has no version in it."""
        before, place, after = address.partition(PLACE)
        if not place:
            return None
        slash = before.rfind("/") + 1
        rest, more, _ = after.partition("/")
        return Pattern(address, before[:slash], before[slash:] + PLACE + rest, not more)

    @property
    def begins(self) -> str:
        """What the names to look for begin with."""
        return self.part.partition(PLACE)[0]

    def version(self, name: str) -> str | None:
        """The version in a name of the folder, which has a slash at its end if it is one itself."""
        if name.endswith("/") == self.ends:
            return None
        first, *others = (re.escape(one) for one in self.part.split(PLACE))
        again = "(?P=version)".join(others)
        name = name.removesuffix("/")
        # It goes into paths, logs and hooks' environments, and anybody may have put it there.
        if name in _ASTRAY or not name.isprintable() or len(name) > _LONGEST:
            return None
        match = re.fullmatch(f"{first}(?P<version>[^/]+?){again}", name, re.DOTALL)
        return match["version"] if match and match["version"] not in _ASTRAY else None

    def takes(self, version: str) -> bool:
        """Whether a name of the folder could have this version; others would lead elsewhere."""
        name = self.part.replace(PLACE, version)
        return self.version(name if self.ends else f"{name}/") == version

    def filled(self, version: str) -> str:
        """The address of one version."""
        return self.address.replace(PLACE, version)
