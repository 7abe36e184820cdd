"""Version 1's own fixtures, where they are at hand: what it accepts, and what it makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dropship.hcl.ast import Source
from dropship.hcl.decode import Decoder
from dropship.hcl.diagnostics import Severity
from dropship.hcl.dump import dump
from dropship.hcl.parser import Parsed, parse

FIXTURES = Path(__file__).parents[3] / "shared" / "conformance"
CASES = FIXTURES / "hcl-v1" / "cases.json"
# Accepted on purpose: a heredoc's terminator at the end of the file without a newline.
DEVIATIONS = {"inline/type_6.hcl"}


def cases() -> list[Any]:
    """The cases, or one that is skipped."""
    if not CASES.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"{CASES.name} is not at hand"))]
    return [pytest.param(case, id=case["file"]) for case in json.loads(CASES.read_text("utf-8"))]


def parsed(case: dict[str, Any]) -> Parsed:
    """A fixture, read."""
    text = (CASES.parent / case["file"]).read_bytes().decode("utf-8")
    return parse(Source(case["file"], text))


@pytest.mark.parametrize("case", cases())
def test_fixture_is_valid_where_version_one_says_so(case: dict[str, Any]) -> None:
    """Refused where version 1 refuses, but for the deviations on purpose."""
    diagnostics = parsed(case).diagnostics
    valid = not any(one.severity is Severity.ERROR for one in diagnostics)
    assert valid == (case["valid"] or case["file"] in DEVIATIONS)


@pytest.mark.parametrize("case", cases())
def test_fixture_decodes_to_what_version_one_makes_of_it(case: dict[str, Any]) -> None:
    """Equal values, or, where version 1 cannot decode it, equal trees."""
    if not case["valid"]:
        return
    file = parsed(case).file
    if case["expected"] is not None:
        assert Decoder({}, str).object(file.body) == case["expected"]
    if "ast" in case:
        expected = json.loads((CASES.parent / case["ast"]).read_text("utf-8"))
        placed = not case["file"].endswith(".json")  # version 1 keeps no places in JSON
        assert normal(dump(file)["items"], placed=placed) == normal(expected, placed=placed)


@pytest.mark.parametrize(
    "path",
    sorted((FIXTURES / "realworld").glob("*.hcl")) or [None],
    ids=lambda path: path.name if path else "none",
)
def test_configuration_of_the_wild_is_read_without_fault(path: Path | None) -> None:
    """Files that people had."""
    if path is None:
        pytest.skip("no configurations at hand")
    assert parse(Source(path.name, path.read_text("utf-8"))).diagnostics == ()


def normal(node: Any, *, placed: bool) -> Any:
    """A tree without what only one of the two says."""
    if isinstance(node, list):
        return [normal(one, placed=placed) for one in node]
    if not isinstance(node, dict):
        return node
    if "$float" in node:
        return node["$float"]
    ours = {"assign", "end_line", "end_col"}
    # Version 1's dump places keys and literals only.
    if not placed or node.get("kind") in ("object", "list"):
        ours |= {"line", "col"}
    found = {key: normal(one, placed=placed) for key, one in node.items() if key not in ours}
    if found.get("type") in ("NUMBER", "FLOAT"):
        found["value"] = float(found["value"])
    if found.get("type") == "NULL":
        found |= {"type": "STRING", "value": ""}
    return found
