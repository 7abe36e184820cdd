"""Every block of commands in README and docs/usage is typed, in the order of its page, and works.

Each page has a host of its own, on which the page's configuration stands and what it names is there.
What a block ends with is said behind its fence (docs/development/developing.md, "The manual"); those
that cannot be typed here stand in NOT_HERE, each with its reason. Those of recipes are typed by
tests/recipes and tests/systemd.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.docs.neighbours import Buckets, buckets, web
from tests.docs.pages import ROOT, USAGE, Block, Page, blocks, pages
from tests.docs.world import MAIN, VERSIONS, World, archive, world
from tests.recipes.machine import SOURCE
from tests.recipes.recipe import RECIPES, Recipe
from tests.servers.systemd import Systemd

NOT_HERE: Final[Mapping[str, str]] = {
    "python3 -m venv .venv && .venv/bin/pip install -q tox && .venv/bin/tox\n": (
        "it is the run that this test is a part of"
    ),
    "apt install ./dropship_*.deb\n": "the tests of the packages install them",
    "dnf install ./dropship-*.rpm\n": "as the other package",
    "mkdir -p /etc/systemd/system/dropship.service.d\n"
    "cp /usr/share/doc/dropship/examples/strict.conf /etc/systemd/system/dropship.service.d/\n"
    "systemctl daemon-reload\nsystemctl restart dropship\n": (
        "the program that is tested here may be in a folder that it hides; the packages' tests do so"
    ),
    "aws s3 cp app.tar.gz s3://releases/app.tar.gz\n": "it is of Amazon's own client, and of a bucket there",
}
"""Blocks that are not typed, and why."""


@dataclass(frozen=True)
class Story:
    """How the world of a page goes on.

    Attributes:
        before: What happens before a block, by its number from 0.
        agent: Whether the page supposes that an agent runs.
        cwd: Where its commands are typed.
        online: Blocks that fetch packages.
    """

    before: Mapping[int, Callable[[World], object]] = field(default_factory=dict)
    agent: bool = False
    cwd: str = SOURCE
    online: tuple[int, ...] = ()


_BY_NUMBER: Final = re.compile(r"\btyped\((?:\w+, )?(\d+)")
_BY_NAME: Final = re.compile(
    r'^([\w, ]+) = \(block\.text for block in PAGE\.blocks\("sh"\)\)$', re.MULTILINE
)


def _files_beside(world: World) -> None:
    """What somebody works on beside the main file."""
    text = next(Page(USAGE / "index.md").blocks("hcl")).text
    for name in ("services/web.hcl", "draft.hcl"):
        world.write(f"/etc/dropship.d/{name}", text)


def _service_in_a_file_of_its_own(world: World) -> None:
    """And nothing in the main file but words."""
    world.path("/etc/dropship.d/services").mkdir()
    world.path(MAIN).rename(world.path("/etc/dropship.d/services/web.hcl"))
    world.write(MAIN, "# The services are in files of their own.\n")


def _much_to_do(world: World) -> None:
    """Files to check, an artifact to try, somebody to let in."""
    _files_beside(world)
    world.publish("1")
    world.write("/etc/dropship.d/build/api.tar.gz", archive("1", "api"))
    world.sh("useradd alice")


def _another_artifact(world: World) -> None:
    """What a second service is made of."""
    world.write("/srv/store/api.tar.gz", archive("1", "api"))
    world.age("/srv/store/api.tar.gz")


def _as_at_first(world: World) -> None:
    """The page's own configuration, and nothing beside it."""
    shutil.rmtree(world.path("/etc/dropship.d/services"))
    world.write(MAIN, next(Page(USAGE / "setting-up.md").blocks("hcl")).text)


def _installed(world: World) -> None:
    world.do("dropship update")


STORIES: Final[Mapping[str, Story]] = {
    "README.md": Story(
        online=(0,),
        before={3: lambda world: (world.wait_until_installed("1"), world.publish("2"))},
    ),
    "configuration.md": Story(cwd="/etc/dropship.d", before={0: _files_beside}),
    "errors.md": Story(cwd="/etc/dropship.d", before={0: _service_in_a_file_of_its_own}),
    "get-started.md": Story(online=(0,)),
    "hooks.md": Story(before={0: _installed}),
    "operating.md": Story(
        cwd="/etc/dropship.d",
        before={
            0: _much_to_do,
            2: lambda world: world.wait_until_installed("1"),
            4: lambda world: world.publish("2", [*VERSIONS, "2.1.5"]),
        },
    ),
    "packages.md": Story(agent=True),
    "setting-up.md": Story(before={1: _another_artifact, 2: _as_at_first}),
    "turns.md": Story(before={0: _installed}),
}
"""Pages whose world is not as all others'."""


def _typed(page: Page) -> list[Block]:
    return [block for block in page.blocks("sh") if block.text not in NOT_HERE]


def _pages() -> list[Any]:
    own = [page for page in pages() if page.path.parent != RECIPES and _typed(page)]
    return [pytest.param(page, id=page.name) for page in own]


# --- what there is ----------------------------------------------------------------------------------


def test_what_is_not_typed_still_stands_in_the_documentation() -> None:
    """The list of exceptions holds nothing that is gone."""
    assert set(NOT_HERE) <= {block.text for block in blocks("sh")}


def test_every_story_is_of_a_page_with_such_blocks() -> None:
    """No step waits for a block that is gone."""
    there = {page.name: len(_typed(page)) for page in pages()}
    for name, story in STORIES.items():
        assert all(number < there[name] for number in (*story.before, *story.online)), name


def test_every_block_says_how_it_ends_in_words_that_are_known() -> None:
    """A mistyped note would be a block that nobody judges."""
    notes = {block.note for block in blocks("sh")}
    assert all(re.fullmatch(r"|exits \d+|stays|terminal", note) for note in notes), notes


def test_blocks_with_an_end_of_their_own_hold_one_command() -> None:
    """Whose exit status it is has to be clear."""
    marked = [block for block in blocks("sh") if block.note]
    assert [block.where for block in marked if block.text.count("\n") != 1] == []


def test_every_block_of_a_recipe_is_typed_by_its_test() -> None:
    """By its number, or all of them by name; none is left over."""
    tests = [path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    for path in sorted(RECIPES.glob("*.md")):
        recipe = Recipe(path.stem)
        files = recipe.files.values()
        numbers = range(sum(block.text not in files for block in _typed(recipe.page)))
        following = "".join(text for text in tests if _follows(text, path.stem))
        by_name = _BY_NAME.search(following)
        if by_name:
            assert len(by_name[1].split(",")) == len(_typed(recipe.page)), path.name
        else:
            assert {int(one) for one in _BY_NUMBER.findall(following)} == set(numbers), path.name


def _follows(test: str, recipe: str) -> bool:
    return any(f'{way}"{recipe}"' in test for way in ("Recipe(", "(systemd, ")) or (
        f'"recipes" / "{recipe}.md"' in test
    )


# --- typing it --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(systemd: Systemd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buckets]:
    """The neighbours of every page's host."""
    with (
        web(systemd, tmp_path_factory.mktemp("neighbours")),
        buckets(systemd, tmp_path_factory.mktemp("buckets")) as store,
    ):
        yield store


@pytest.mark.endurance
@pytest.mark.root
@pytest.mark.parametrize("page", _pages())
def test_page_can_be_typed_as_it_stands(
    page: Page, systemd: Systemd, store: Buckets, tmp_path: Path
) -> None:
    """Whoever types what a page says, in its order, sees each command end as the page says."""
    story = STORIES.get(page.name, Story())
    with world(systemd, Recipe(page.path.stem, page.path.parent), store, tmp_path) as host:
        if story.agent:
            host.run_agent()
        for number, block in enumerate(_typed(page)):
            if number in story.before:
                story.before[number](host)
            if block.note == "stays":
                host.stay(block, story.cwd)
                continue
            done = host.type(block, story.cwd, online=number in story.online)
            wanted = int(block.note.split()[1]) if block.note.startswith("exits") else 0
            said = f"{block.where}\n{block.text}\n{done.stdout}{done.stderr}"
            assert done.returncode == wanted, said
        assert set(host.press_ctrl_c()) <= {0, 130}
