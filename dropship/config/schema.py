"""Everything that can be configured: every block, and the keys it takes.

Made from the declarations that ``decode`` reads by, so that a key which can be written is a key
that is listed. Backends are imported for it, those of third parties too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from dropship.config.model import (
    ArtifactConfig,
    Config,
    FailureRule,
    HealthConfig,
    HookConfig,
    LockChoice,
    LockConfig,
    ServiceConfig,
    WorkerLimits,
)
from dropship.config.reader import Field, fields_of
from dropship.config.service import HOOKS
from dropship.errors import ConfigError
from dropship.plugins import Kind, find, names


class Place(NamedTuple):
    """Where a key stands.

    Attributes:
        block: ``repo``, ``lock``, ``defaults``, ``worker``, ``service``, ``artifact``, ``before``,
            ``after``, ``failed`` or ``health``; empty for the top level of the main file.
        type: Which backend's key it is, where it is one's; else empty.
    """

    block: str
    type: str = ""


class Key(NamedTuple):
    """A key, and how it is declared."""

    place: Place
    field: Field


_COMMON: Final[tuple[tuple[str, tuple[type, ...]], ...]] = (
    ("", (Config,)),
    ("lock", (LockConfig,)),
    ("defaults", (ServiceConfig, LockChoice, FailureRule)),
    ("worker", (WorkerLimits,)),
    ("service", (ServiceConfig, LockChoice)),
    ("artifact", (ArtifactConfig,)),
    *((hook, (HookConfig, FailureRule)) for hook in HOOKS),
    ("health", (HealthConfig,)),
)
# The blocks that have a backend's keys, and the dataclass it declares them in.
_BACKENDS: Final[tuple[tuple[str, Kind, str], ...]] = (
    ("repo", Kind.REPO, "Options"),
    ("lock", Kind.LOCK, "Options"),
    ("artifact", Kind.REPO, "Location"),
    *((hook, Kind.HOOK, "Options") for hook in HOOKS),
    ("health", Kind.HEALTH, "Options"),
)


def fields() -> Iterator[Key]:
    """Every key of every block; those of a backend once for each block it can stand in.

    Raises:
        ConfigError: A backend cannot be loaded, or declares no keys.
    """
    for block, classes in _COMMON:
        for cls in classes:
            yield from _keys(Place(block), cls)
    for block, kind, attribute in _BACKENDS:
        for name in names(kind):
            yield from _keys(Place(block, name), _declared(kind, name, attribute))


def _keys(place: Place, cls: Any) -> Iterator[Key]:
    return (Key(place, field) for field in fields_of(cls))


def _declared(kind: Kind, name: str, attribute: str) -> Any:
    declared = getattr(find(kind, name), attribute, None)
    if declared is None:
        raise ConfigError(f"the {kind.value} {name} is incomplete: no {attribute}")
    return declared
