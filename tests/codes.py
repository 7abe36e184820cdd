"""Lists the codes of diagnostics: ``python -m tests.codes`` renews docs/usage/errors.md.

What stands above the lists there is written by hand; the titles are those of the stories that
``dropship validate --explain`` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from dropship.config.explain import stories

PAGE = Path(__file__).parents[1] / "docs" / "usage" / "errors.md"

_HEADING = "## Codes\n"
_SECTIONS = {"0": "Files", "1": "The language", "2": "The configuration"}


def page(text: str) -> str:
    """The page ``text`` with its codes as they are now."""
    before, heading, _ = text.partition(_HEADING)
    return before + heading + "\n".join(_lists()) + "\n"


def _lists() -> Iterator[str]:
    for number, some in groupby(stories().values(), lambda story: story.code[1]):
        yield f"\n### {_SECTIONS[number]}\n"
        yield "| code | what is wrong |"
        yield "|---|---|"
        yield from (f"| `{story.code}` | {story.title} |" for story in some)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
