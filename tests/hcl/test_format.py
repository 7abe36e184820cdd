"""The canonical form: what it looks like, what it keeps, and that HCL 2 reads it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropship.hcl.alike import alike
from dropship.hcl.parser import is_json
from tests.hcl.canonical import canonical, fault_of_version_two, sound
from tests.hcl.layouts import Layout
from tests.hcl.test_conformance import CASES, FIXTURES

PAIRS = sorted((Path(__file__).parent / "canonical_form").glob("*.hcl"))

# Why a fixture of version 1 has no form in version 2.
TWICE = "an attribute stands there twice"
DOTTED = "a key has a dot, in a body"
TEMPLATE = "what stands in a template is no expression"
NO_VERSION_TWO = {
    "decoder/escape": TEMPLATE,
    "decoder/multiline_literal_with_hil": TEMPLATE,
    "decoder/tfvars": DOTTED,
    "parser/complex": TEMPLATE,
    "parser/complex_crlf": TEMPLATE,
    "parser/complex_key": DOTTED,
    "parser/types": TWICE,
    "printer/list": TWICE,
    "printer/list_comment": TWICE,
    "printer/multiline_string": TEMPLATE,
}


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def _fixtures() -> list[object]:
    """Every valid file of version 1, and every file that its own formatter was tried with."""
    if not CASES.is_file():
        return [pytest.param(None, id="none")]
    cases = json.loads(CASES.read_text("utf-8"))
    valid = [CASES.parent / case["file"] for case in cases if case["valid"]]
    inputs = sorted((CASES.parent / "printer").glob("*.input"))
    wild = sorted((FIXTURES / "realworld").glob("*.hcl"))
    paths = sorted({path for path in [*valid, *inputs, *wild] if not is_json(_text(path))})
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in paths]


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_file_becomes_the_text_beside_it(path: Path) -> None:
    """As reviewed; it says the same, and says it the same way if formatted again."""
    assert canonical(_text(path)) == _text(path.with_suffix(".txt"))


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_text_beside_a_file_is_version_two_as_well(path: Path) -> None:
    """But for what the file itself marks."""
    lines = _text(path.with_suffix(".txt")).splitlines(keepends=True)
    marked = [line for line in lines if "# no HCL 2:" in line]
    assert fault_of_version_two("".join(line for line in lines if line not in marked)) is None
    for one in marked:
        some = [line for line in lines if line not in marked or line == one]
        assert fault_of_version_two("".join(some)) is not None, one


@pytest.mark.parametrize("path", _fixtures())
def test_fixture_says_the_same_in_canonical_form(path: Path | None) -> None:
    """And is read by version 2, where it can be."""
    if path is None:
        pytest.skip(f"{CASES.name} is not at hand")
    fault = fault_of_version_two(canonical(_text(path)))
    assert (fault is not None) == (f"{path.parent.name}/{path.stem}" in NO_VERSION_TWO), fault


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a = 1", "a = 01"),
        ("a = 1", 'a = "1"'),
        ("a = 1", "A = 1"),
        ("a = true", "a = false"),
        ("a = []", "a = {}"),
        ("a = [1]", "a = [1, 1]"),
        ('a = "b\\n"', "a = <<E\nb\nE"),
        ('a = env("b")', 'a = file("b")'),
        ('a = env("b")', 'a = env("b", "")'),
        ("a b {}", "a { b {} }"),
        ("a {}\nb {}", "b {}\na {}"),
        ("# a\n# b\nc {}", "# b\n# a\nc {}"),
        ("a {}", "a {} # b"),
        ('{"a": null}', '{"a": false}'),
    ],
)
def test_files_that_differ_in_what_they_say_are_not_alike(text: str, other: str) -> None:
    """This is what stands between a fault of the formatter and somebody's file."""
    assert not alike(sound(text), sound(other))
    assert alike(sound(text), sound(text))


def test_files_that_differ_in_layout_are_alike() -> None:
    """Quotes of keys, what stands where, white space at ends of lines."""
    text = '"a" b {c = [1,true] # d \t\n}'
    assert alike(sound(text), sound('a "b" {\n  c = [1, true] # d\n}\n'))


@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_any_file_in_any_layout_says_the_same(random: Random) -> None:
    """Tree, values, comments and heredocs stay, and a second time changes nothing."""
    canonical(Layout(random, portable=False).file())


@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_any_file_of_what_version_two_knows_is_read_by_it(random: Random) -> None:
    """Wherever version 1 let blanks, commas and comments stand."""
    text = canonical(Layout(random, portable=True).file())
    assert fault_of_version_two(text) is None, text
