"""Any of many texts, the longest first."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.alternation import alternation

# Few characters, so that texts begin alike; some mean something to ``re``.
TEXTS = st.lists(st.text("ab.|(é\n", max_size=6), min_size=1, max_size=12)


@given(TEXTS, st.text("ab.|(é\n", max_size=30))
def test_longest_text_is_found_at_every_place(texts: list[str], text: str) -> None:
    """As somebody finds it who tries them all."""
    pattern = re.compile(alternation(texts))
    for at in range(len(text)):
        here = [one for one in texts if text.startswith(one, at)]
        found = pattern.match(text, at)
        assert (found[0] if found else "") == max(here, key=len, default="")


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        ([], ""),
        ([""], ""),
        (["b", "a", "b"], "a|b"),
        (["token-12", "token-13", "key"], "key|token\\-1(?:2|3)"),
        (["ab", "abcd", "abce"], "ab(?:c(?:d|e))?"),
    ],
)
def test_what_texts_have_in_common_is_written_once(texts: list[str], pattern: str) -> None:
    """So that the choices at a place are few however many texts there are."""
    assert alternation(texts) == pattern


def test_texts_of_which_each_begins_with_the_one_before_are_no_matter_of_depth() -> None:
    """``re`` and Python bear only so many groups in each other."""
    texts = ["a" * length for length in range(1, 400)]
    pattern = re.compile(alternation(texts))
    assert [pattern.match(f"{one}b")[0] for one in texts] == texts  # type: ignore[index]  # they match
