"""A page of ``docs/usage/recipes`` as somebody reads it who does what it says.

A block whose paragraph before ends in a name (``/etc/dropship.d/dropship.hcl``) and a colon is that
file: absolute ones stand on the host, others in the source tree. All other blocks of shell are to
be typed, in the order in which they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import USAGE, Page

RECIPES = USAGE / "recipes"

_BLOCK = re.compile(
    r"^(?:`(?P<name>[^`\n]+)`:\n\n)?```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_VOLATILE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    r"|(?P<release>\d{8}T\d{6}Z-[0-9a-f]{12})"
    r"|(?P<digest>\b(?:[0-9a-f]{12}|[0-9a-f]{8})\b)"
    r"|(?P<seconds>\b\d+\.\d s\b)"
)


@dataclass(frozen=True)
class Recipe:
    """A page, by its name without the suffix."""

    name: str
    folder: Path = RECIPES

    @property
    def _blocks(self) -> list[re.Match[str]]:
        return list(_BLOCK.finditer(self.page.text))

    @property
    def page(self) -> Page:
        """The page itself."""
        return Page(self.folder / f"{self.name}.md")

    @property
    def files(self) -> dict[str, str]:
        """The contents of every file that the page shows, by its name."""
        return {one["name"]: one["text"] for one in self._blocks if one["name"]}

    def typed(self, number: int) -> str:
        """What the page says to type: by number, from 0."""
        found = [one["text"] for one in self._blocks if one["language"] == "sh" and not one["name"]]
        return found[number]

    def shown(self, number: int) -> list[str]:
        """The lines of the page's block of output, by number, from 0."""
        found = [one["text"] for one in self._blocks if one["language"] == "text"]
        return found[number].splitlines()


def missing(shown: list[str], said: str) -> list[str]:
    """The lines that a page shows and nobody said, or not in that order; times and digests may differ.

    ``…`` in a line stands for whatever it was.
    """
    left, found = steady(said).splitlines(), []
    for line in shown:
        pattern = re.compile(re.escape(steady(line)).replace("…", ".*"))
        at = next((n for n, one in enumerate(left) if pattern.fullmatch(one)), None)
        if at is None:
            found.append(line)
        else:
            del left[: at + 1]
    return found


def steady(text: str) -> str:
    """A text without what differs from run to run."""
    return _VOLATILE.sub(lambda found: f"<{found.lastgroup}>", text)
