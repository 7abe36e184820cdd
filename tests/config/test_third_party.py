"""Backends that others have written."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from dropship.config import backends
from dropship.plugins import Kind
from tests.config.conftest import WEB, Reader

_MODULE = """
from dataclasses import dataclass
from dropship.core.option import option


@dataclass(frozen=True)
class Options:
    room: str = option(doc="Which room.")
    words: str = option("", doc="Which words.")

    def __post_init__(self):
        if self.words == self.room:
            raise ValueError("words and room are the same")


class Chat:
    Options = Options
    notifies = True


class Half:
    Options = Options


class Store:
    Options = Options
    Location = Options
"""
_ENTRIES = """
[dropship.hooks]
chat = chatter:Chat
half = chatter:Half
gone = chatter_that_is_not_there:Chat

[dropship.repos]
needy = chatter:Store
"""


@pytest.fixture(autouse=True)
def _chatter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution with hooks and a store, as pip would install it."""
    site = tmp_path / "site"
    info = site / "chatter-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "chatter.py").write_text(_MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chatter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(_ENTRIES)
    monkeypatch.syspath_prepend(str(site))


def test_hook_of_somebody_else_is_read_like_ours(read: Reader) -> None:
    """Its options, and what a failure means."""
    (hook,) = read.service('after "chat" { room = "ops" }').web.after
    assert hook.options.room == "ops"
    assert hook.on_failure == "continue"


def test_hook_of_somebody_else_is_named_among_what_there_is(read: Reader) -> None:
    """So that one sees whether it is installed at all."""
    (message,) = read.service('after "chatt" { room = "ops" }').messages
    assert "chat, gone, graphite-event" in message


def test_options_that_do_not_go_together_are_an_error(read: Reader) -> None:
    """A backend may refuse them in its own words."""
    result = read.service('after "chat" { room = "ops" words = "ops" }')
    assert result.messages == ['E228: after "chat": words and room are the same']


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "E224: the hook gone cannot be loaded: No module named"),
        ("half", "E224: the hook half is incomplete: no notifies"),
    ],
)
def test_backend_that_cannot_be_used_is_an_error_not_a_crash(
    read: Reader, name: str, message: str
) -> None:
    """Something that it needs is not installed, or it is made for another version."""
    (said,) = read.service(f'after "{name}" {{ room = "ops" }}').messages
    assert said.startswith(message)


def test_store_that_needs_keys_needs_a_block(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a built-in one."""
    text = WEB.format(service="", artifact='room = "x"').replace('"http"', '"needy"')
    assert read(text).codes == ["E213"]
    monkeypatch.setattr(
        backends, "BUILT_IN", MappingProxyType({Kind.REPO: {"needy": "", "half": ""}})
    )
    assert read(text).codes == ["E213"]
    assert read(text.replace('"needy"', '"half"')).codes == ["E212"]
    assert read('repo "needy" { room = "x" }' + text).web.artifact.repo.name == "needy"
