"""What the pages for operators say is true: configurations, commands, keys, codes, links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dropship.cli import main
from dropship.config.explain import explain, stories
from dropship.config.load import Loaded, Mode, load
from dropship.config.reference import reference
from dropship.config.schema import schema
from dropship.core.option import fold
from dropship.hcl.ast import Source
from dropship.hcl.diagnostics import Severity, draw
from dropship.hcl.format import formatted
from dropship.hcl.parser import parse
from tests import codes
from tests.docs.pages import USAGE, Block, Page, blocks, commands, pages

CONFIGURATION = Page(USAGE / "configuration.md")
SCHEMA = schema()
ERRORS = Page(USAGE / "errors.md")

_ENV = re.compile(r'env\("(\w+)"')
_FILE = re.compile(r'file\("([^"]+)"\)')
_CODE_NAME = re.compile(r"\b[EW]\d{3}\b")


def _named(some: Sequence[Block]) -> list[Any]:
    return [pytest.param(block, id=block.where) for block in some]


def _noted(word: str) -> list[Block]:
    return [block for block in blocks("hcl") if block.note.partition(" ")[0] == word]


# --- configurations ---------------------------------------------------------------------------------


def _loaded(block: Block, folder: Path) -> Loaded:
    """The block as a main file that everybody may read; its variables and files are there."""
    secret = folder / "a-secret"
    secret.write_text("sesame\n")
    path = folder / "dropship.hcl"
    path.write_text(_FILE.sub(f'file("{secret}")', block.text))
    path.chmod(0o644)
    (folder / "services").mkdir()
    environ = dict.fromkeys(_ENV.findall(block.text), "sesame")
    return load(path, environ=environ, cwd=folder, euid=0, mode=Mode.REQUIRE)


@pytest.mark.parametrize("block", _named(_noted("") + _noted("warns")))
def test_whole_configuration_loads_with_the_warnings_it_announces(
    block: Block, tmp_path: Path
) -> None:
    """Nobody copies something that does not work."""
    loaded = _loaded(block, tmp_path)
    drawn = "\n".join(draw(one, loaded.masked) for one in loaded.diagnostics)
    assert loaded.config is not None, drawn
    assert loaded.config.services, "a whole configuration deploys something"
    announced = _CODE_NAME.findall(block.note)
    assert sorted(one.code for one in loaded.diagnostics) == sorted(announced), drawn
    for code in announced:
        assert code in block.page.prose, f"{code} is not explained beside {block.where}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_page_has_a_configuration_that_works(page: Page) -> None:
    """Readers start from something whole."""
    assert any(block.note.partition(" ")[0] in ("", "warns") for block in page.blocks("hcl"))


@pytest.mark.parametrize("block", _named(_noted("fragment")))
def test_fragment_is_sound_language(block: Block) -> None:
    """A part of a file is still well written."""
    found = parse(Source(block.where, block.text)).diagnostics
    assert [one.message for one in found if one.severity is Severity.ERROR] == []


@pytest.mark.parametrize("block", _named(_noted("faults")))
def test_faults_are_drawn_as_the_page_shows_them(
    block: Block,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What ``validate`` prints for the file is the page's next block, to the letter."""
    name = block.note.split()[1]
    (tmp_path / name).write_text(block.text)
    monkeypatch.chdir(tmp_path)
    assert main.run(["validate", name]) == 1
    following = next(one for one in block.page.blocks("text") if one.line > block.line)
    assert capsys.readouterr().out == following.text


def test_no_block_of_configuration_has_an_unknown_note() -> None:
    """A mistyped note would leave a block unchecked."""
    known = {"", "fragment", "warns", "faults"}
    assert {block.note.partition(" ")[0] for block in blocks("hcl")} <= known


@pytest.mark.parametrize("block", _named(blocks("hcl")))
def test_configuration_is_shown_in_the_form_that_fmt_writes(block: Block) -> None:
    """Nobody's copy changes when it is formatted; what shows the difference, shows it right."""
    parsed = parse(Source(block.where, block.text))
    if any(one.severity is Severity.ERROR for one in parsed.diagnostics):
        return
    shown = block.text
    if block.note.endswith(" unformatted"):
        shown = next(one.text for one in block.page.blocks("hcl") if one.line > block.line)
        assert shown != block.text
    assert formatted(parsed.file) == shown


# --- the reference ----------------------------------------------------------------------------------


def test_reference_is_what_the_command_prints() -> None:
    """``dropship schema > docs/usage/reference.md`` renews it."""
    assert Page(USAGE / "reference.md").text == reference(SCHEMA)


def test_every_section_of_the_reference_is_told_of_beside_it() -> None:
    """The page about the language leads to each kind of block, and to the main file."""
    links = {link for link in CONFIGURATION.links() if link.startswith("reference.md#")}
    titles = {one.plan.title for one in (*SCHEMA.files, *SCHEMA.blocks)}
    untold = {"Service file", "Rackspace"}  # the one has no keys, the other is of the Go tool
    anchors = {title.lower().replace(" ", "-") for title in titles - untold}
    assert links == {f"reference.md#{anchor}" for anchor in anchors}


def test_blocks_stand_where_the_configuration_page_says() -> None:
    """Its table has every block, and the places of each."""
    rows = re.findall(r"^\| \[(.+)\]\(.+?\) \| (.+?) \|", CONFIGURATION.prose, re.MULTILINE)
    words = {"mainFile": "the main file", "serviceFile": "service files"}
    shown = {
        name: re.split(", (?!exactly)", places.replace(", exactly one", ""))
        for names, places in rows
        for name in re.findall(r"[a-z]+(?=[ `])", names.replace('"', " "))
    }
    wanted = {
        one.plan.name: [words.get(place, f"`{place}`") for place in one.plan.within]
        for one in SCHEMA.blocks
        if not one.plan.deprecated
    }
    assert shown == wanted


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("configuration.md", r"names a `repo` block, or one of (.+?), which need none"),
        ("stores.md", r"(`file`.+?) need no block"),
    ],
)
def test_stores_that_need_no_block_are_named_where_it_is_told(name: str, sentence: str) -> None:
    """All of them, and no other."""
    (named,) = re.findall(sentence, " ".join(Page(USAGE / name).prose.split()))
    (repo,) = (one for one in SCHEMA.blocks if one.plan.name == "repo")
    assert re.findall(r"`(.+?)`", named) == [one.name for one in repo.types if not one.needs_block]


def test_keys_in_the_tables_of_other_pages_exist() -> None:
    """A key that is praised on another page is in the reference."""
    known = {
        fold(key.name)
        for block in (*SCHEMA.files, *SCHEMA.blocks)
        for keys in (block.keys, *(backend.keys for backend in block.types))
        for key in keys
    }
    for name in ("turns.md",):
        table = Page(USAGE / name).prose
        shown = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
        assert shown
        assert [key for key in shown if fold(key) not in known] == []


# --- commands ---------------------------------------------------------------------------------------


def _understood(argv: Sequence[str]) -> None:
    """Parse a command line as the program would, and go no further."""
    before, name, after = main._split(argv)
    assert name is not None, argv
    name = main._known(name)
    parser = main.parser(name)
    parser.parse_intermixed_args([*before, *after])


@pytest.mark.parametrize("block", _named(blocks("sh")))
def test_commands_are_understood(block: Block) -> None:
    """Every command exists and takes the flags that are shown."""
    for argv in commands(block.text):
        _understood(argv)


def test_some_commands_are_shown_and_all_are() -> None:
    """The check above sees something, and no command goes unmentioned."""
    shown = {main._split(argv)[1] for block in blocks("sh") for argv in commands(block.text)}
    assert shown == set(main.COMMANDS)


@pytest.mark.parametrize("block", _named(blocks("ini")))
def test_unit_starts_a_command_that_exists(block: Block) -> None:
    """A unit file that is copied starts."""
    starts = re.findall(r"^ExecStart=(.+)$", block.text, re.MULTILINE)
    assert starts
    for argv in commands("\n".join(starts)):
        _understood(argv)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_commands_in_sentences_exist(page: Page) -> None:
    """``dropship something`` in the text is something that can be typed."""
    for span in page.spans():
        if span.startswith("dropship "):
            _understood(span.split()[1:])


def test_operating_shows_every_global_option() -> None:
    """``--config`` and its like stand in the table of options."""
    section = Page(USAGE / "operating.md").section("Commands")
    for option in main.GLOBAL:
        assert f"| `{option} " in section


# --- codes and links --------------------------------------------------------------------------------


def test_errors_lists_every_code_there_is_by_its_title() -> None:
    """A code that is looked up is found; ``python -m tests.codes`` renews the lists."""
    assert codes.page(ERRORS.text) == ERRORS.text
    rows = dict(re.findall(r"^\| `([EW]\d{3})` \| (.+) \|$", ERRORS.prose, re.MULTILINE))
    assert rows == {story.code: story.title for story in stories().values()}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_codes_that_are_named_exist(page: Page) -> None:
    """``--explain`` knows each of them."""
    for code in _CODE_NAME.findall(page.text):
        assert explain(code).code[1:] == code[1:]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    """Pages, files and headings that are linked to exist."""
    for link in page.links():
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = Page(page.path.parent / name) if name else page
        assert target.path.exists(), link
        if anchor:
            assert anchor in target.anchors(), link


@pytest.mark.parametrize(
    "index", [page for page in pages() if page.path.name == "index.md"], ids=lambda page: page.name
)
def test_index_leads_to_every_page(index: Page) -> None:
    """No page is hidden, nor a folder of them."""
    folder = index.path.parent
    others = {path.relative_to(folder).as_posix() for path in folder.glob("*.md")} - {"index.md"}
    below = {path.relative_to(folder).as_posix() for path in folder.glob("*/index.md")}
    assert others | below <= set(index.links())


@pytest.mark.parametrize("page", pages()[1:], ids=lambda page: page.name)
def test_lines_are_short_enough_to_read_in_a_terminal(page: Page) -> None:
    """120 characters at most."""
    long = [line for line in page.text.splitlines() if len(line) > 120]
    assert long == []
