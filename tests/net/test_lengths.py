"""Lengths and ranges as servers tell them, and as they do not."""

from __future__ import annotations

import pytest

from dropship.net import lengths
from dropship.net.lengths import LengthError, Part

ENDLESS = "9" * 5000


@pytest.mark.parametrize(
    ("text", "length"), [(None, None), ("0", 0), ("17", 17), ("3, 3", 3), ("9" * 18, 10**18 - 1)]
)
def test_length_is_what_the_header_says(text: str | None, length: int | None) -> None:
    """The same one twice is legal (RFC 9110, 8.6)."""
    assert lengths.length(text) == length


@pytest.mark.parametrize("text", ["", "abc", "-3", "+3", "3.0", "٣", "3, 4", "3,", "9" * 19, ENDLESS])  # fmt: skip
def test_length_that_is_none_is_told(text: str) -> None:
    """With what was sent, but not all of what is endless."""
    with pytest.raises(LengthError, match="sends a Content-Length that is no length") as caught:
        lengths.length(text)
    assert text[:40] in str(caught.value)
    assert len(str(caught.value)) < 100


def test_range_tells_where_the_part_begins_and_how_long_the_whole_is() -> None:
    """Which may be unknown."""
    assert lengths.part("bytes 2-8/9") == Part(2, 9)
    assert lengths.part(" bytes 0-0/*") == Part(0, None)


@pytest.mark.parametrize(
    "text",
    [
        None, "", "lines 2-2/3", "bytes */3", "bytes 2-", "bytes 2-1/3", "bytes 2-3/3", "bytes -2/3",
        "bytes 2-2/3, 4-4/5", "bytes ٢-٢/٣", f"bytes {ENDLESS}-2/3", f"bytes 2-{ENDLESS}/3", f"bytes 2-2/{ENDLESS}",
    ],
)  # fmt: skip
def test_range_that_is_none_is_told(text: str | None) -> None:
    """An answer that does not say which part it is must not be taken for the beginning."""
    with pytest.raises(LengthError, match="Content-Range") as caught:
        lengths.part(text)
    assert len(str(caught.value)) < 100
