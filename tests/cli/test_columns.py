"""Text made fit for columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.cli.columns import Column, cropped, shortened, table, width, wrapped
from dropship.cli.plain import one_line, seen
from dropship.cli.view import View

texts = st.text(st.characters(codec="utf-8"))


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("日本", 4), ("e\N{COMBINING ACUTE ACCENT}", 1)]
)
def test_width_is_what_a_terminal_takes(text: str, columns: int) -> None:
    """Wide letters take two columns, accents of their own none."""
    assert width(text) == columns


def test_name_is_shortened_in_its_middle() -> None:
    """Both its ends tell it from others."""
    assert shortened("billing-production-eu", 12, "…") == "billin…on-eu"
    assert shortened("billing-production-eu", 12, "...") == "billi...n-eu"
    assert shortened("api", 12, "…") == "api"
    assert cropped("billing", 4, "…") == "bil…"


@given(text=texts, room=st.integers(3, 40), dots=st.sampled_from(["…", "..."]))
def test_nothing_is_wider_than_its_room(text: str, room: int, dots: str) -> None:
    """Whatever is put into it."""
    assert width(shortened(text, room, dots)) <= room
    assert width(cropped(text, room, dots)) <= room


@given(text=texts, room=st.integers(2, 40))
def test_wrapped_text_loses_nothing_and_fits(text: str, room: int) -> None:
    """Also a word that is longer than a line."""
    found = wrapped(text, room)
    assert all(width(line) <= room for line in found)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_first_plan_that_fits_is_shown_and_the_last_one_made_to() -> None:
    """What can be missed most easily is missing first."""
    name, size = Column("NAME", ["api", "a-long-name"]), Column("SIZE", ["1", "22"], right=True)
    plans = [[name, size], [name]]
    assert table(plans, View(17)) == ["NAME         SIZE", "api             1", "a-long-name    22"]
    assert table(plans, View(16)) == ["NAME", "api", "a-long-name"]
    assert table(plans, View(10)) == ["NAME", "api", "a-lon…name"]
    assert table(plans, View()) == table(plans, View(17))


@given(text=st.text())
def test_shown_text_cannot_steer_a_terminal(text: str) -> None:
    """Surrogates, escapes, line ends, overrides of direction: nothing of them is left."""
    assert seen(text).isprintable()
    assert one_line(text).isprintable()
    assert "  " not in one_line(text)


def test_harmless_text_stays_as_it_is() -> None:
    """Umlauts and wide letters are no reason to escape anything."""
    assert one_line("  größe\t日本\n ok ") == "größe 日本 ok"
    assert seen("a  b\x1b[1m") == "a  b\\x1b[1m"
