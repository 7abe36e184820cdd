"""Everything there is to look at on a host, in the order in which it is told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from dropship.cli.examine import (
    agent,
    clock,
    configuration,
    engines,
    limits,
    permissions,
    places,
    python,
    sandbox,
    space,
    stores,
    unit,
)
from dropship.cli.examine.aside import Task
from dropship.cli.examine.ground import Ground
from dropship.cli.examine.who import Who
from dropship.config.load import DEFAULT, Mode, load
from dropship.config.model import Config


def ground(path: Path, cwd: Path, environ: Mapping[str, str]) -> Ground:
    """What all of it starts from.

    Raises:
        ImportError: A module is missing without which there is nothing to look at but Python.
    """
    found, words = unit.properties(environ)
    who = _who(path, found)
    around = dict(environ) if who.here else {**_impersonal(environ), "HOME": who.home}
    strict, lenient = (
        load(path, environ=around, cwd=cwd, euid=who.uid, mode=mode)
        for mode in (Mode.REQUIRE, Mode.LENIENT)
    )
    return Ground(path, strict, lenient, who, found, words, around)


def _who(path: Path, found: Mapping[str, str] | None) -> Who:
    """Whom the agent of a configuration runs as: what the unit says is about the usual one only."""
    me = Who.of(os.geteuid())
    if found is None or path != DEFAULT:
        return me
    return (Who.named(found["User"]) if found.get("User") else Who.of(0)) or me


def _impersonal(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("XDG_")}


def tasks(found: Ground | None) -> Iterator[Task]:
    """All of it; Python alone where there is no ground."""
    if found is None:
        yield Task("python", None, partial(python.findings, None))
        return
    who, config = found.who, found.config
    yield Task("python", None, partial(python.findings, config))
    yield Task("configuration", None, partial(configuration.findings, found))
    yield Task("permissions", None, partial(permissions.account, found))
    yield Task("permissions", None, partial(permissions.findings, found), who=who, theirs=True)
    if found.path == DEFAULT:
        # The unit is about the usual configuration only.
        words, booted = found.unit_words, unit.booted()
        yield Task(
            "unit", unit.NAME, partial(unit.findings, found.unit, words, config, booted=booted)
        )
    yield Task("limits", None, partial(limits.findings, found))
    yield Task("sandbox", None, sandbox.findings, who=who, theirs=True)
    yield Task("clock", None, clock.kept)
    if config is not None:
        yield from _of_services(found, config)


def _of_services(found: Ground, config: Config) -> Iterator[Task]:
    who = found.who
    start = "systemctl start dropship" if found.by_unit else "start it with dropship agent"
    yield Task("agent", None, partial(agent.findings, config, start))
    for one in clock.servers(config):
        yield Task("clock", one.name, partial(clock.compared, one), rest=lambda _found: ())
    yield Task("space", None, partial(space.findings, config), who=who)
    for service in config.services:
        look = partial(places.findings, service, who.name)
        yield Task("destination", service.name, look, who=who, theirs=True)
    yield from stores.tasks(found)
    yield from engines.tasks(found)
