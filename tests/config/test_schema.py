"""What can be configured is listed, all of it and nothing else."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from dropship.config import schema
from dropship.config.load import Mode, load
from dropship.config.schema import Key, Place, fields
from dropship.errors import ConfigError
from dropship.plugins import Kind, names

_HOOKS = ("before", "after", "failed")


def keys() -> dict[Place, set[str]]:
    """The keys of every place."""
    found: dict[Place, set[str]] = defaultdict(set)
    for place, field in fields():
        found[place].add(field.option.key)
    return found


def test_every_backend_of_every_kind_is_listed() -> None:
    """In each block that can name it."""
    places = {place for place, _ in fields() if place.type}
    wanted = {("repo", name) for name in names(Kind.REPO)}
    wanted |= {(block, name) for block in _HOOKS for name in names(Kind.HOOK)}
    wanted |= {("health", name) for name in names(Kind.HEALTH)}
    wanted |= {("lock", name) for name in names(Kind.LOCK)}
    wanted |= {("artifact", name) for name in names(Kind.REPO)}
    assert {tuple(place) for place in places} == wanted


def test_keys_that_a_reader_of_the_documentation_knows_are_listed() -> None:
    """Some of each place."""
    found = keys()
    assert "state_path" in found[Place("")]
    assert {"checkInterval", "lock", "onFailure"} <= found[Place("defaults")]
    assert "onFailure" not in found[Place("service")]
    assert {"timeout", "retries", "onFailure"} <= found[Place("failed")]
    assert "perService" in found[Place("lock")]
    assert {"secret", "retries"} <= found[Place("repo", "s3")]
    assert "sseCustomerKey" in found[Place("artifact", "s3")]


def test_backend_without_its_declarations_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that others have written; the decoder refuses it as well."""
    monkeypatch.setattr(schema, "find", lambda _kind, _name: object)
    with pytest.raises(ConfigError, match="the repo file is incomplete: no Options"):
        list(fields())


@pytest.mark.parametrize(
    "key", tuple(fields()), ids=lambda key: ".".join((*key.place, key.field.name))
)
def test_listed_key_is_known_where_it_is_listed(tmp_path: Path, key: Key) -> None:
    """No key of the list is one of which the decoder says that it does not know it."""
    line = f"{key.field.option.key} = null"
    path = tmp_path / "main.hcl"
    path.write_text(_written(key.place, line))
    loaded = load(path, environ={}, cwd=tmp_path, euid=0, mode=Mode.WARN)
    codes = {one.code for one in loaded.diagnostics}
    assert not codes & {"W201", "W202", "E212"}, loaded.diagnostics


def _written(place: Place, line: str) -> str:
    """A configuration with a line at a place; the rest of it may be missing."""
    if place.block in ("", "defaults", "worker"):
        return f"{place.block} {{ {line} }}" if place.block else line
    if place.block in ("repo", "lock"):
        kind = place.type or "file"
        return f'{place.block} "{kind}" {{ {line} }}'
    if place.block == "service":
        return f'service "x" {{ {line} }}'
    kind = place.type or {"artifact": "file", "health": "http"}.get(place.block, "script")
    return f'service "x" {{ {place.block} "{kind}" {{ {line} }} }}'
