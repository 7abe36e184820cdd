"""``dropship schema`` from outside: a page for people, a document for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dropship.config.schema import TYPES
from dropship.plugins import BUILT_IN, Kind
from tests.cli.documents import document
from tests.config import chatter

_PATH = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])


def schema(folder: Path, *words: str, before: str = "", code: int = 0) -> str:
    """What it prints; nothing goes to standard error, and no configuration is looked for."""
    program = (
        f"{before}\nimport sys\nfrom dropship.cli.main import run\nsys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "schema", *words],
        env={"PYTHONPATH": f"{folder}:{_PATH}", "DROPSHIP_CONFIG": "/nowhere", "LC_ALL": "C"},
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout


def told(text: str) -> Any:
    """The document."""
    return document("schema", text)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The document of what is built in."""
    return told(schema(tmp_path_factory.mktemp("json"), "--format", "json"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of it."""
    return schema(tmp_path_factory.mktemp("page"), "--format", "markdown")


def test_document_is_as_its_schema_and_holds_every_block_and_backend(found: Any) -> None:
    """An editor finds a key by its block, its backend and its name."""
    assert set(found["types"]) == {name for name, _ in TYPES}
    assert found["files"]["mainFile"]["keys"]["maxStagings"]["default"] == 2
    assert found["files"]["serviceFile"] == {
        "doc": found["files"]["serviceFile"]["doc"],
        "keys": {},
        "blocks": ["service"],
    }
    blocks = found["blocks"]
    assert blocks["service"]["keys"]["checkInterval"] == {
        "type": "duration",
        "of": None,
        "required": True,
        "default": None,
        "otherwise": None,
        "choices": [],
        "least": "1ns",
        "most": None,
        "secret": False,
        "aliases": [],
        "deprecated": None,
        "doc": "Time between two checks.",
    }
    assert blocks["service"]["blocks"][:2] == ["worker", "artifact"]
    for name, kind in (("repo", Kind.REPO), ("lock", Kind.LOCK), ("failed", Kind.HOOK)):
        assert set(BUILT_IN[kind]) <= set(blocks[name]["backends"])
    assert blocks["repo"]["backends"]["s3"]["keys"]["secret"]["secret"]
    assert blocks["repo"]["backends"]["s3"]["needsBlock"] is False
    assert blocks["after"]["backends"]["script"]["defaults"] == {"onFailure": "abort"}
    assert blocks["artifact"]["label"]["name"] == "REPO"
    assert (blocks["artifact"]["times"], blocks["artifact"]["typeFrom"]) == ("once", "repo")
    assert blocks["rackspace"]["deprecated"] == 'repo "rackspace" { … }'
    assert found["unusable"] == []


def test_page_is_the_default_and_tells_every_key_of_the_document(
    tmp_path: Path, page: str, found: Any
) -> None:
    """Whoever types it wants to read."""
    assert schema(tmp_path) == page
    assert page.startswith("# Every block and key\n")
    for block in found["blocks"].values():
        keys = [block["keys"], *(one["keys"] for one in block["backends"].values())]
        for name in (name for some in keys for name in some):
            assert f"\n- `{name}` (" in page


def test_lines_fit_into_a_terminal_and_no_code_is_broken(page: str) -> None:
    """100 columns; a command that is copied is whole."""
    assert max(map(len, page.splitlines())) <= 100
    prose = page.partition("## Types")[2]
    assert all(line.count("`") % 2 == 0 for line in prose.splitlines())


@pytest.mark.parametrize("words", [(), ("--format", "json")])
def test_backend_that_cannot_be_used_is_named_and_the_rest_is_told(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Others of somebody else are there, in words and keys of their own; no secret is."""
    site = chatter.install(tmp_path)
    text = schema(tmp_path, *words, before=f"import sys; sys.path.insert(0, {str(site)!r})")
    assert "chat" in text
    assert "How often." in text
    assert "nobody-shows" not in text
    if words:
        unusable = told(text)["unusable"]
        assert ["hook", "gone"] in [[one["kind"], one["name"]] for one in unusable]
    else:
        assert "## Not usable here" in text
        assert "- hook `gone`: the hook gone cannot be loaded: No module named" in text


def test_no_client_of_any_store_is_imported_for_it(tmp_path: Path) -> None:
    """They are large, and only the keys are wanted."""
    before = "import sys, atexit; atexit.register(lambda: print(*sys.modules))"
    modules = schema(tmp_path, "--format", "json", before=before).rpartition("}")[2].split()
    assert "dropship.repos.s3" in modules
    assert not {"boto3", "requests", "rich", "lark"} & set(modules)


def test_page_that_nobody_reads_to_its_end_is_no_fault(tmp_path: Path) -> None:
    """``dropship schema | head``."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m dropship schema --format json | head -1"],
        env={**os.environ, "PYTHONPATH": _PATH},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")
    assert json.loads(done.stdout + "}") == {}
