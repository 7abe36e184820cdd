"""Over what turns are taken: the locks of a configuration, and of each its scopes. Pure."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from dropship.config.model import Config, LockConfig, ServiceConfig
from dropship.errors import UsageError


class Scope(NamedTuple):
    """All services of a lock, or one of them where the lock is ``perService``.

    Attributes:
        lock: The lock.
        name: What the lock's engine calls it.
        services: Who takes turns over it.
        limit: How many turns there are.
    """

    lock: LockConfig
    name: str
    services: tuple[str, ...]
    limit: int


def scope_name(service: ServiceConfig) -> str:
    """What the scope of a service is called; empty if it takes no turns."""
    lock = service.lock
    if lock is None:
        return ""
    return service.name if lock.per_service else lock.name


def scopes(config: Config) -> list[Scope]:
    """Every scope that a service of this host uses, in the order of the configuration."""
    found: dict[tuple[str, str], Scope] = {}
    for service in config.services:
        lock = service.lock
        if lock is None:
            continue
        key = (lock.name, scope_name(service))
        known = found.get(key)
        names = (*known.services, service.name) if known else (service.name,)
        found[key] = Scope(lock, key[1], names, service.max_parallel)
    return list(found.values())


def named(config: Config, name: str) -> list[Scope]:
    """The scopes that an operator means: a service's own, or all of a lock.

    Raises:
        UsageError: There is no such lock or service; or the service shares its turns with others.
    """
    known = scopes(config)
    own = [one for one in known if one.lock.per_service and one.name == name]
    # The smaller one first: who means a service must not free the turns of all.
    if own or (own := [one for one in known if one.lock.name == name]):
        return own
    shared = next((one for one in known if name in one.services), None)
    if shared is not None:
        raise UsageError(
            f"{name} has no turns of its own: those of the lock {shared.lock.name} are over all "
            "its services",
            cure=f"name the lock: {shared.lock.name}",
        )
    if any(one.name == name for one in config.services):
        raise UsageError(f"{name} takes no turns", cure="name a lock that is in use")
    raise UsageError(f'there is no lock "{name}" in use', cure=_nearest(known, name))


def _nearest(known: list[Scope], name: str) -> str:
    names = list(dict.fromkeys([*(one.lock.name for one in known), *(one.name for one in known)]))
    if not names:
        return "no service takes turns"
    close = difflib.get_close_matches(name, names, 1)
    return f'did you mean "{close[0]}"?' if close else f"there is {', '.join(names)}"
