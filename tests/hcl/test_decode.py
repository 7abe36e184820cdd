"""Version 1's shape where keys repeat and kinds mix."""

from __future__ import annotations

from typing import Any

import pytest

from dropship.hcl import codes
from dropship.hcl.ast import Source
from dropship.hcl.decode import Decoder
from dropship.hcl.parser import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = [1] a = [2]", {"a": [1, 2]}),
        ("a = 1 a {}", {"a": [{}]}),
        ("a {} a = 1", {"a": 1}),
        ("a = [1] a { b = 2 }", {"a": [1, {"b": 2}]}),
        ('a "x" {} a { y = 1 } a "z" {}', {"a": [{"x": [{}]}, {"z": [{}]}, {"y": 1}]}),
        ('a "x" "y" {} a "x" "z" {}', {"a": [{"x": [{"y": [{}]}]}, {"x": [{"z": [{}]}]}]}),
    ],
)
def test_repeated_keys_add_up(text: str, expected: dict[str, Any]) -> None:
    """Blocks and lists one after the other, of anything else the last."""
    assert Decoder({}, str).object(parse(Source("x", text)).file.body) == expected


def test_every_code_has_a_title() -> None:
    """The table is complete, and its codes look like codes."""
    named = {value for name, value in vars(codes).items() if name.isupper() and name != "CODES"}
    assert named == set(codes.CODES)
    assert all(len(code) == 4 and code[0] in "EW" and code[1] == "1" for code in codes.CODES)
