"""The page for those who write backends of their own: its example is the one that tests use."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from dropship.config.load import load
from tests.docs.pages import ROOT, Block, Page
from tests.strangers import EXAMPLE, install_example

PAGE = Page(ROOT / "docs" / "development" / "plugins.md")
_FILES = [block for language in ("toml", "python") for block in PAGE.blocks(language)]


@pytest.mark.parametrize("block", _FILES, ids=lambda block: block.note)
def test_file_is_shown_as_it_is(block: Block) -> None:
    """Letter by letter; copy it to the page when it changes."""
    assert block.text == (EXAMPLE / block.note).read_text(encoding="utf-8")


def test_every_file_of_the_example_is_shown() -> None:
    """But that which makes it a package."""
    files = {str(path.relative_to(EXAMPLE)) for path in EXAMPLE.rglob("*.*")}
    shown = {block.note for block in _FILES}
    assert {name for name in files if name.endswith((".py", ".toml"))} - shown == {
        "dropship_shelf/__init__.py"
    }


def test_configuration_is_good_where_the_example_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And uses both of it."""
    monkeypatch.syspath_prepend(str(install_example(tmp_path / "site")))
    (block,) = PAGE.blocks("hcl")
    main = tmp_path / "dropship.hcl"
    main.write_text(block.text)
    loaded = load(main, environ={}, cwd=tmp_path, euid=0)
    assert loaded.diagnostics == ()
    assert loaded.config is not None
    (service,) = loaded.config.services
    assert (service.artifact.repo.type, service.after[0].type) == ("shelf", "note")


def test_what_is_promised_to_stay_is_there() -> None:
    """Each name in its module; and the example needs no more."""
    rows = re.findall(r"^\| `(dropship\.[\w.]+)` \| (.+) \|$", PAGE.prose, re.MULTILINE)
    promised = {module: re.findall(r"`(\w+)`", names) for module, names in rows}
    for module, names in promised.items():
        there = importlib.import_module(module)
        assert [name for name in names if not hasattr(there, name)] == [], module
    used = re.findall(
        r"^from (dropship\.[\w.]+) import (.+)$",
        "".join(block.text for block in _FILES),
        re.MULTILINE,
    )
    assert used
    for module, names in used:
        assert set(names.split(", ")) <= set(promised[module]), module


def test_files_that_are_linked_exist() -> None:
    """From where the page is."""
    local = [link.partition("#")[0] for link in PAGE.links() if "://" not in link]
    assert [link for link in local if not (PAGE.path.parent / link).exists()] == []


def test_lines_are_short_enough_to_read_in_a_terminal() -> None:
    """120 characters at most, tables aside."""
    lines = PAGE.text.splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []
