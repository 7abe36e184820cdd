"""What can be configured is listed, all of it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from dropship.config import layout
from dropship.config.layout import FILES, MAIN, PLANS, SERVICES, Plan
from dropship.config.load import Mode, load
from dropship.config.model import FormatName
from dropship.config.reader import Reader as Filler
from dropship.config.schema import TYPES, Block, Key, schema
from dropship.core.format import NAMES
from dropship.core.option import fold
from dropship.plugins import Kind, names
from tests.config import chatter
from tests.config.conftest import Reader

SCHEMA = schema()
BLOCKS = {one.plan.name: one for one in (*SCHEMA.files, *SCHEMA.blocks)}

# A type of each kind, to write a block of it.
_SOME = {Kind.REPO: "file", Kind.LOCK: "file", Kind.HOOK: "script", Kind.HEALTH: "http"}


class Place(NamedTuple):
    """Where a key stands; ``type`` is empty where every type has it."""

    block: str
    type: str
    key: Key


def places() -> Iterator[Place]:
    """Every key."""
    for name, block in BLOCKS.items():
        yield from (Place(name, "", key) for key in block.keys)
        for backend in block.types:
            yield from (Place(name, backend.name, key) for key in backend.keys)


def opened(plan: Plan, body: str, kind: str = "") -> str:
    """A block with something in it."""
    label = f' "{kind or (_SOME[plan.kind] if plan.kind else "x")}"' if plan.label else ""
    return f"{plan.name}{label} {{\n{body}\n}}"


def around(plan: Plan, text: str) -> str:
    """The text of a block, in the first place it may stand in."""
    outer = plan.within[0]
    if outer in (MAIN, SERVICES):
        return text
    return around(BLOCKS[outer].plan, opened(BLOCKS[outer].plan, text))


def codes(folder: Path, text: str) -> set[str]:
    """Of what is wrong with it as a main file."""
    path = folder / "main.hcl"
    path.write_text(text)
    path.chmod(0o600)
    loaded = load(path, environ={}, cwd=folder, euid=0, mode=Mode.WARN)
    return {one.code for one in loaded.diagnostics}


def test_every_backend_of_every_kind_is_listed() -> None:
    """In each block that can name it."""
    listed = {name: [one.name for one in block.types] for name, block in BLOCKS.items()}
    wanted = {
        plan.name: [one for one in names(plan.kind) if plan.only in ("", one)] if plan.kind else []
        for plan in (*FILES, *PLANS)
    }
    assert listed == wanted
    assert {plan.kind for plan in PLANS if plan.kind} == set(Kind)
    assert SCHEMA.unusable == ()


@pytest.mark.parametrize("place", tuple(places()), ids=lambda at: f"{at[0]}.{at[1]}.{at[2].name}")
def test_listed_key_is_known_where_it_is_listed(tmp_path: Path, place: Place) -> None:
    """No key of the list is one of which the decoder says that it does not know it."""
    for spelling in (place.key.name, *place.key.aliases):
        text = f'{spelling} = "x"'
        if place.block != MAIN:
            plan = BLOCKS[place.block].plan
            text = around(plan, opened(plan, text, place.type))
        # A type or lock called x does not exist, but that is another matter.
        unknown = {"W201", "W202"} | ({"E212"} if place.type else set())
        assert not codes(tmp_path, text) & unknown, text


_EVERYTHING = """
repo "file" {}
lock "file" {}
worker {}
defaults {}
service "x" {
  artifact "file" {}
  before "script" {}
  after "script" {}
  failed "script" {}
  health "http" {}
  worker {}
}
"""


def test_every_key_and_block_that_the_decoder_knows_is_listed(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would say is unknown is what is not in the list."""
    told: dict[str, set[str]] = {}
    really = Filler.unknown

    def heard(
        self: Filler, body: Any, known: Sequence[str], blocks: Sequence[str] = (), **more: Any
    ) -> None:
        name = body.title.partition(" ")[0] if body.title != "the main file" else MAIN
        told.setdefault(name, set()).update(map(fold, (*known, *blocks)))
        really(self, body, known, blocks, **more)

    monkeypatch.setattr(Filler, "unknown", heard)
    read(_EVERYTHING)
    assert told == {name: set(spelled(block)) for name, block in BLOCKS.items() if name in told}
    assert set(BLOCKS) - set(told) == {SERVICES, "rackspace"}


def spelled(block: Block) -> Iterator[str]:
    """Everything that may stand in a block of the type that is written above."""
    some = _SOME[block.plan.kind] if block.plan.kind else ""
    keys = [*block.keys, *(key for one in block.types if one.name == some for key in one.keys)]
    for key in keys:
        yield from map(fold, (key.name, *key.aliases))
    yield from block.blocks


@pytest.mark.parametrize("inner", PLANS, ids=lambda plan: plan.name)
def test_block_may_stand_where_it_is_said_to_and_nowhere_else(tmp_path: Path, inner: Plan) -> None:
    """Anywhere else it is unknown."""
    for outer in (*FILES, *PLANS):
        text = opened(inner, "")
        if outer.name in (SERVICES, "rackspace"):
            continue  # the one is tested below, of the other the store is not there
        if outer.name != MAIN:
            text = around(outer, opened(outer, text))
        # E204 is of a key with the name of a block: lock in a service takes none.
        known = not codes(tmp_path, text) & {"W201", "W202", "E204"}
        assert known == (outer.name in inner.within), text


def test_service_file_holds_services_only(read: Reader) -> None:
    """Each other block is said to mean nothing there."""
    for plan in PLANS:
        known = "W202" not in read("", services={"x.hcl": opened(plan, "")}).codes
        assert known == (SERVICES in plan.within)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_block_may_stand_as_often_as_is_said(tmp_path: Path, plan: Plan) -> None:
    """Of what may stand once only the last counts, and that is told."""
    first, second = (opened(plan, "") for _ in range(2))
    if plan.label and plan.name in ("repo", "lock", "service"):
        second = second.replace('"', '"other ', 1)
    doubled = "W207" in codes(tmp_path, around(plan, f"{first}\n{second}"))
    assert doubled == (plan.times is not layout.Times.ANY)


def test_exactly_one_artifact_is_a_must(read: Reader) -> None:
    """The one block that is required."""
    assert [plan.name for plan in PLANS if plan.times is layout.Times.ONCE] == ["artifact"]
    assert 'E203: service "x" has no artifact' in read('service "x" {}').messages


def key(block: str, name: str, backend: str = "") -> Key:
    """One of them."""
    (found,) = (
        one.key for one in places() if (one.block, one.type, one.key.name) == (block, backend, name)
    )
    return found


def test_key_says_what_its_declaration_says() -> None:
    """Type, default, least, choices, other spellings, what is secret and what is deprecated."""
    assert key("artifact", "maxSize") == Key(
        name="maxSize",
        type="size",
        of=None,
        required=False,
        default="20GiB",
        otherwise=None,
        choices=(),
        least="1B",
        most=None,
        secret=False,
        aliases=(),
        deprecated=None,
        doc="Most bytes an archive may unpack to.",
    )
    assert key("artifact", "destination").required
    assert key("artifact", "format").choices == NAMES
    assert key("repo", "type").choices == tuple(one.name for one in BLOCKS["repo"].types)
    assert key("artifact", "content-type").aliases == ("type",)
    assert (key("artifact", "shared").type, key("artifact", "shared").of) == ("list", "string")
    assert key("service", "preCommand").deprecated == 'before "script" { command = … }'
    assert key("service", "splay").otherwise == "a tenth of the interval"
    assert key("repo", "secret", "s3").secret
    assert key("before", "tags", "graphite-event").of == "template"
    assert key("before", "env", "script").type == "strings"
    assert key("before", "env", "script").default == {}
    assert key("health", "successes").least == 1
    assert key("health", "within").least == "1ns"
    assert key("health", "status", "http").default == "200-399"


def test_key_that_defaults_could_give_is_required_of_services_only() -> None:
    """What is required anywhere stands in the block that may leave it out, too."""
    assert key("service", "checkInterval").required
    assert not key("defaults", "checkInterval").required


def test_default_of_hooks_is_told_by_type() -> None:
    """Those that only tell somebody do not stop an update."""
    defaults = {one.name: dict(one.defaults) for one in BLOCKS["after"].types}
    assert defaults["script"] == {"onFailure": "abort"}
    assert defaults["graphite-event"] == {"onFailure": "continue"}
    assert {one.defaults for one in BLOCKS["repo"].types} == {()}


def test_stores_that_need_no_block_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the decoder has it; of other kinds nothing is told."""
    stores = BLOCKS["artifact"].types
    assert {one.needs_block for one in stores} == {True, False}
    assert {one.name for one in stores if one.needs_block} == {"rackspace", "swift"}
    assert {one.needs_block for one in BLOCKS["health"].types} == {None}


@pytest.mark.parametrize("place", tuple(places()), ids=lambda at: f"{at[0]}.{at[1]}.{at[2].name}")
def test_every_key_is_told_in_full(place: Place) -> None:
    """A known type; a sentence; a default, words for it, or neither because it is required."""
    one = place.key
    types = dict(TYPES)
    assert one.type in types
    assert (one.of is None) == (one.type != "list")
    assert one.of is None or one.of in types
    assert one.doc[0].isupper()
    assert one.doc.endswith(".")
    assert "default" not in one.doc
    if one.required:
        assert (one.default, one.otherwise) == (None, None)
    if one.otherwise:
        assert one.default is None
        assert not one.otherwise.endswith(".")


def test_formats_of_the_model_are_those_there_are() -> None:
    """Both are written out, so that the model need not import the other."""
    assert get_args(FormatName) == NAMES


# --- backends of somebody else --------------------------------------------------------------------


@pytest.fixture
def _chatter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(chatter.install(tmp_path)))


@pytest.mark.usefixtures("_chatter")
def test_backend_of_somebody_else_is_listed_like_ours() -> None:
    """With its keys; what it says is secret is not told, not even as a default."""
    after, repo = (
        next(one for one in schema().blocks if one.plan.name == name) for name in ("after", "repo")
    )
    chat = next(one for one in after.types if one.name == "chat")
    defaults = {one.name: one.default for one in chat.keys}
    assert defaults == {
        "room": None,
        "words": None,
        "count": 3,
        "code": None,
        "knock": None,
        "extra": {"lang": "en"},
    }
    assert {one.name for one in chat.keys if one.secret} == {"code", "knock"}
    assert chat.defaults == (("onFailure", "continue"),)
    assert {one.name: one.needs_block for one in repo.types}["needy"]
    assert "needy" in next(one.choices for one in repo.keys if one.name == "type")


def test_deprecated_block_of_a_store_takes_the_keys_of_that_store(read: Reader) -> None:
    """As the decoder has it."""
    (old,) = (one for one in schema().blocks if one.plan.name == "rackspace")
    assert [one.name for one in old.types] == ["rackspace"]
    assert {"user", "key", "region"} <= {one.name for one in old.types[0].keys}
    assert read('rackspace { user = "u" key = "k" region = "r" }').codes == ["W216", "W003"]


@pytest.mark.usefixtures("_chatter")
def test_backend_that_cannot_be_used_is_named_once_and_breaks_nothing() -> None:
    """Whatever it raises, and though three blocks could name it."""
    found = schema()
    told = {(one.kind, one.name): one.reason for one in found.unusable}
    assert len(told) == len(found.unusable)
    wanted = {"broken", "gone", "half", "lost", "pager", "plain", "quitter", "strange", "unread"}
    assert {name for _, name in told} == wanted
    assert "No module named 'chatter_that_is_not_there'" in told[Kind.HOOK, "gone"]
    listed = {one.name for block in found.blocks for one in block.types}
    assert not listed & wanted
    assert {"chat", "script"} <= listed
