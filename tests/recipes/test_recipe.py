"""Pages are compared with what was really said, and none is left out."""

from __future__ import annotations

import pytest

from tests.docs.pages import ROOT
from tests.recipes.recipe import RECIPES, missing

SAID = """\
2026-11-29T09:30:26Z INFO [site] switching to 20261129T093026Z-87b7fe67acbb
2026-11-29T09:30:29Z WARNING [site] GET http://127.0.0.1/: 403 Forbidden
2026-11-29T09:30:29Z INFO [site] checking health
"""


def test_lines_that_were_said_at_another_time_are_not_missing() -> None:
    """Times, releases and whatever ``…`` stands for differ from run to run."""
    shown = [
        "2020-01-02T03:04:05Z INFO [site] switching to 20200102T030405Z-000000000000",
        "2020-01-02T03:04:05Z WARNING [site] …: 403 Forbidden",
    ]
    assert missing(shown, SAID) == []


@pytest.mark.parametrize("shown", ["INFO [site] checking", "2020-01-02T03:04:05Z INFO [shop] …"])
def test_line_that_nobody_said_is_missing(shown: str) -> None:
    """Nor is a part of a line enough."""
    health = SAID.splitlines()[-1]
    assert missing([shown, health], SAID) == [shown]


def test_line_that_was_said_before_the_one_above_it_is_missing() -> None:
    """The order is part of the story."""
    first, *_, last = SAID.splitlines()
    assert missing([last, first], SAID) == [first]


def test_every_recipe_is_followed_by_a_test() -> None:
    """As the index promises."""
    tests = "".join(path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")))
    pages = {path.stem for path in RECIPES.glob("*.md")} - {"index"}
    assert [page for page in sorted(pages) if f'"{page}"' not in tests] == []
