"""What is there already: the main file, its stores and locks, the services, and where new ones go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.config.files import MAIN, SERVICES, is_folder, listed
from dropship.config.load import Loaded, Mode, load
from dropship.core.option import fold
from dropship.errors import ConfigError
from dropship.hcl.ast import Item, ObjectValue, Source, StringValue
from dropship.hcl.flatten import flatten
from dropship.hcl.parser import is_json, parse

_MAIN_NAME: Final = "dropship.hcl"
# A main file that holds nothing else may be written anew: nothing but the service is lost with it.
_RENEWABLE: Final = frozenset({"repo", "lock", "service"})


@dataclass(frozen=True, slots=True)
class Present:
    """What stands at a ``--config``.

    Attributes:
        main: The main file, which may be missing; of a folder the one that blocks are added to.
        text: What stands in it; None if it is missing.
        services: The folder of service files, which may be missing.
        places: By name, the file that defines a service.
        repos, locks: By name, their types.
        renewable: Services that have the main file to themselves.
    """

    main: Path
    text: str | None
    services: Path
    places: Mapping[str, Path]
    repos: Mapping[str, str]
    locks: Mapping[str, str]
    renewable: frozenset[str]

    @property
    def appendable(self) -> bool:
        """Whether blocks can be added at the end of the main file."""
        return self.text is None or not is_json(self.text)


def look(path: Path, cwd: Path) -> Present:
    """Look at the configuration that ``path`` names.

    Raises:
        ConfigError: It cannot be read, or has faults.
    """
    place = Path(os.path.normpath(cwd / path))
    try:
        mains = _mains(place)
        if not mains:
            main = place / _MAIN_NAME if is_folder(place) else place
            return Present(main, None, main.parent / "services", {}, {}, {}, frozenset())
        texts = {one: one.read_text(encoding="utf-8") for one in mains}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}",
            cure="run it as a user who may, or name another with --config",
        ) from error
    return _of(place, texts, _loaded(path, cwd))


def _mains(place: Path) -> list[Path]:
    if is_folder(place):
        found = [place / one.name for one in listed(place, MAIN, place)]
        # The one that everybody looks into comes first.
        return sorted(found, key=lambda one: one.name != _MAIN_NAME)
    return [place] if os.path.lexists(place) else []


def _loaded(path: Path, cwd: Path) -> Loaded:
    loaded = load(path, environ=os.environ, cwd=cwd, euid=os.geteuid(), mode=Mode.LENIENT)
    if loaded.config is None:
        first = loaded.errors[0]
        raise ConfigError(
            f"the configuration {path} has faults, such as {first.where}: {first.message}",
            cure="mend it first; dropship validate shows them all",
        )
    return loaded


def _of(place: Path, texts: Mapping[Path, str], loaded: Loaded) -> Present:
    assert loaded.config is not None  # noqa: S101 - faults were told
    folder = loaded.config.service_path
    services = folder or (place if is_folder(place) else place.parent) / "services"
    main = next(iter(texts))
    items = {one: list(_items(text)) for one, text in texts.items()}
    blocks = [item for found in items.values() for item in found]
    places = {name: file for file, found in items.items() for name in _types(found, "service")}
    own = frozenset(_types(items[main], "service"))
    keys = {fold(item.keys[0].text) for item in items[main]}
    alone = len(texts) == 1 and len(own) == 1 and keys <= _RENEWABLE
    return Present(
        main,
        texts[main],
        services,
        {**dict(_in_folder(services)), **places},
        _types(blocks, "repo"),
        _types(blocks, "lock"),
        own if alone else frozenset(),
    )


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    if is_folder(folder):
        for file in listed(folder, SERVICES, folder):
            place = folder / file.name
            text = place.read_text(encoding="utf-8")
            yield from ((name, place) for name in _types(_items(text), "service"))


def _items(text: str) -> tuple[Item, ...]:
    return flatten(parse(Source("", text)).file.body).items


def _types(items: Iterator[Item] | tuple[Item, ...] | list[Item], kind: str) -> Mapping[str, str]:
    """By name, the types of the blocks of a kind."""
    return {
        item.keys[1].text: _type(item)
        for item in items
        if fold(item.keys[0].text) == kind and len(item.keys) > 1
    }


def _type(item: Item) -> str:
    if isinstance(item.value, ObjectValue):
        for one in item.value.items:
            if fold(one.keys[0].text) == "type" and isinstance(one.value, StringValue):
                return one.value.text
    return item.keys[1].text
