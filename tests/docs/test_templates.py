"""What the page about templates says is what they do: every row of its tables is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dropship.config.schema import schema
from dropship.core import template_check as check
from dropship.core.template import Template
from dropship.core.template_tree import FUNCTIONS
from dropship.core.values import Duration, Strings
from dropship.hooks import Event
from dropship.hooks.fields import fields
from dropship.plugins import BUILT_IN, Kind
from tests.docs.pages import USAGE, Page

PAGE = Page(USAGE / "templates.md")
# What the page's examples are of.
EVENT = Event(
    service="api", hostname="web-07", update_id="u1", phase="failed", hash="6f1ed002ab5595859014ebf0951522d9",
    old_hash="900150983cd24fb0d6963f7d28e17f72", new_hash="6f1ed002ab5595859014ebf0951522d9",
    release="20261123T074008Z-6f1ed002ab55", error='health check 1 (http): "502 Bad Gateway"', rollback=True,
    check_interval=Duration.parse("90s"), sequential=True, artifact=Strings({"path": "api.tar.gz"}),
)  # fmt: skip

_BORDER = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(`+)( ?)(.+?)\2\1(?!`)")


def _rows(section: str) -> Iterator[list[str]]:
    """The cells of the tables of a section, without their heads."""
    lines = PAGE.section(section).splitlines()
    for at, line in enumerate(lines):
        if line.startswith("|") and not {line[:4], "".join(lines[at + 1 : at + 2])[:4]} & {"|---"}:
            yield [cell.strip().replace(r"\|", "|") for cell in _BORDER.split(line)[1:-1]]


def _codes(cell: str) -> list[str]:
    return [match[3] for match in _CODE.finditer(cell)]


def _shown(cell: str) -> str:
    return "" if cell == "(empty)" else _codes(cell)[0]


def _examples() -> Iterator[Any]:
    for section in ("Fields", "Actions", "Functions"):
        for row in _rows(section):
            if len(row) == 4 and section != "Fields":
                yield pytest.param(_codes(row[2])[0], _shown(row[3]), id=row[0])
            elif len(row) == 3:
                yield pytest.param(_codes(row[0])[0], _shown(row[2]), id=row[0])


@pytest.mark.parametrize(("example", "shown"), list(_examples()))
def test_example_comes_to_what_the_page_shows(example: str, shown: str) -> None:
    """Nobody copies something that does another thing."""
    assert Template.parse(example).render(fields(EVENT)) == shown


def test_every_field_has_a_row() -> None:
    """And there is no other."""
    named = [_codes(row[0])[0] for row in _rows("Fields") if len(row) == 3]
    known = [f"{{{{.{name}}}}}" for name in check.FIELDS]
    assert sorted(named) == sorted([*known, "{{.Artifact.path}}"])


def test_every_function_and_action_has_a_row() -> None:
    """And there is no other."""
    functions = {code for row in _rows("Functions") for code in _codes(row[0])}
    assert {one for one in functions if "%" not in one} == {*FUNCTIONS, "printf"}
    actions = {code for row in _rows("Actions") for code in _codes(row[0])}
    assert {"if", "else", "else if", "end", "{{-", "-}}", "{{/*", "|"} <= actions
    verbs = {code.strip("%")[-1:] or "%" for code in functions if "%" in code}
    assert verbs == {*"sdqv%"}


def test_rows_use_what_they_are_about() -> None:
    """An example shows the function that it stands beside."""
    for section in ("Actions", "Functions"):
        for name, _, example, _ in _rows(section):
            if codes := [code for code in _codes(name) if code[0].isalpha()]:
                assert any(code in example for code in codes), name


def test_what_go_has_besides_is_refused_and_told() -> None:
    """Every word that we know only to refuse it, and every function that Go has besides."""
    told = {code for row in _rows("Not as in Go") for code in _codes(row[0])}
    assert told >= check._KEYWORDS
    for name in told:
        if re.fullmatch("[a-z]+", name) and name not in {*FUNCTIONS, "printf", "if"}:
            with pytest.raises(ValueError, match=f'"{name}"'):
                Template.parse(f"{{{{{name} .Name}}}}")


def test_every_key_that_is_a_template_is_named() -> None:
    """By the hook that has it."""
    (hook,) = (one for one in schema().blocks if one.plan.name == "before")
    known = {
        backend.name: {key.name for key in backend.keys if "template" in (key.type + str(key.of))}
        for backend in hook.types
        if backend.name in BUILT_IN[Kind.HOOK]
    }
    rows = re.findall(r"^\| \[`(.+?)`\]\(.+?\) \| (.+?) \|$", PAGE.prose, re.MULTILINE)
    shown = {name: set(_codes(keys)) for name, keys in rows}
    assert shown == {name: keys for name, keys in known.items() if keys}
