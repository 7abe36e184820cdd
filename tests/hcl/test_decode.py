"""Version 1's shape where keys repeat and kinds mix."""

from __future__ import annotations

from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a = "x" a = 0x10', "0x10"),
        ('a = 1 a = "0x_10"', 16),
        ('a = 1 a = "-0b11"', -3),
        ('a = 1 a = "0o17"', 15),
        ('a = 1 a = "017"', 15),
        ('a = 1 a = "+1_000"', 1000),
        ('a = 1 a = "0"', 0),
        ("a = 1.5 a = 010", 10.0),
        ("a = 1.5 a = -2", -2.0),
        ("a = true a = false", False),
        ("a = <<X\nx\nX\na = 7", "7"),
    ],
)
def test_repeated_attribute_keeps_its_first_type(text: str, expected: object) -> None:
    """As version 1 decodes into a value that is there already."""
    found = Decoder({}, str).object(parse(Source("x", text)).file.body)["a"]
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a = 1 a = "x"', "x"),
        ('a = 1 a = "1__0"', "1__0"),
        ('a = 1 a = "08"', "08"),
        ('a = 1 a = "9223372036854775808"', "9223372036854775808"),
        (f'a = 1 a = "{"9" * 5000}"', "9" * 5000),
        ("a = 1 a = <<X\n2\nX\n", "2\n"),
        ('a = true a = "1"', "1"),
        ('a = "x" a = 1.5', 1.5),
        ("a = 1.5 a = 0x10", 16),
        ("a = 1.5 a = 1e999", "1e999"),
        (f"a = 1.5 a = {'9' * 400}", "9" * 400),
        ("a = 1 a = 1.5", 1.5),
        ('a = 1.5 a = "2"', "2"),
        ('a = [1] a = "2"', "2"),
    ],
)
def test_repeated_attribute_of_another_type_wins_where_version_one_fails(
    text: str, expected: object
) -> None:
    """Nothing is lost by it."""
    found = Decoder({}, str).object(parse(Source("x", text)).file.body)["a"]
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("first", "second"),
    [("K", "\u212a"), ("S", "\u017f"), ("ß", "ẞ"), ("Σ", "ς"), ("ᾳ", "ᾼ"), ("ǅ", "ǆ")],
)
def test_labelled_blocks_of_keys_that_differ_in_case_are_each_others(
    first: str, second: str
) -> None:
    """Whatever the script."""
    body = parse(Source("x", f'{first} "x" {{}} {second} "y" {{}}')).file.body
    both = [{"x": [{}]}, {"y": [{}]}]
    assert Decoder({}, str).object(body) == {first: both, second: both}


@pytest.mark.parametrize(
    ("first", "second"), [("ß", "ss"), ("İ", "i"), ("\u0131", "i"), ("ŉ", "n")]
)
def test_keys_that_only_look_alike_are_different(first: str, second: str) -> None:
    """One character is compared with one."""
    body = parse(Source("x", f'{first} "x" {{}} {second} "y" {{}}')).file.body
    assert Decoder({}, str).object(body) == {first: [{"x": [{}]}], second: [{"y": [{}]}]}
