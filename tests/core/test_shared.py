"""What may be named in ``shared``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.shared import SharedPath, nested, parse


@pytest.mark.parametrize(
    ("text", "parts", "folder"),
    [
        ("log", ("log",), False),
        ("log/", ("log",), True),
        ("./public//uploads/.", ("public", "uploads"), True),
        ("config/database.yml", ("config", "database.yml"), False),
        ("...", ("...",), False),
    ],
)
def test_path_is_read(text: str, parts: tuple[str, ...], folder: bool) -> None:
    """Empty parts and single dots say nothing."""
    assert parse(text) == SharedPath(parts, folder)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/var/log", "relative"),
        ("../log", r"\.\."),
        ("a/../b", r"\.\."),
        ("", "whole release"),
        ("./", "whole release"),
        ("a\0b", "no file"),
        ("x" * 256, "no file"),
    ],
)
def test_path_that_leads_elsewhere_is_none(text: str, why: str) -> None:
    """Says why."""
    with pytest.raises(ValueError, match=why):
        parse(text)


def test_paths_inside_each_other_are_found() -> None:
    """Also twice the same."""
    a, ab, b = parse("a"), parse("a/b/"), parse("b")
    assert nested([ab, b, a]) == (ab, a)
    assert nested([b, b]) == (b, b)
    assert nested([parse("ab"), a, b]) is None


@given(st.text(alphabet="ab./\0", max_size=8))
def test_any_path_that_is_read_stays_below(text: str) -> None:
    """And reads the same when it is written out."""
    try:
        path = parse(text)
    except ValueError:
        return
    assert path.parts
    assert not {"", ".", ".."} & set(path.parts)
    assert parse(str(path)).parts == path.parts
