"""Where a key belongs that stands in the wrong block."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

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
from dropship.core.option import fold, options_of

_HOOKS: Final = ("before", "after", "failed")
# Blocks by their keyword (the main file has none), and what people call such a place.
_CALLED: Final = {
    "": "the main file",
    "repo": "a repo block",
    "service": "a service",
    "artifact": "the artifact block",
    "script": 'a hook such as after "script"',
    "hook": "a hook",
    "health": "a health block",
    "lock": "a lock block",
    "worker": "a worker block",
}


def belongs(name: str, keyword: str) -> str | None:
    """Where a (folded) name belongs that a block with this keyword does not know."""
    here = "hook" if keyword in _HOOKS else "service" if keyword == "defaults" else keyword
    if here in ("hook", "health") and name == "type":
        return f'the type is its label: {keyword} "TYPE" {{ … }}'
    for place, names in _names().items():
        if name in names and place != here:
            return f"it belongs in {_CALLED[place]}"
    return None


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Collection[str]]:
    """What belongs where. Keys of stores are those that everybody knows: no store is imported."""
    return MappingProxyType(
        {
            "": _keys(Config) | {"repo", "lock", "defaults", "worker", "service"},
            "service": _keys(ServiceConfig, LockChoice) | {"artifact", "health", *_HOOKS},
            "artifact": _keys(ArtifactConfig) | {"bucket", "container", "path", "url"},
            "repo": {"accesskey", "secret", "region", "endpoint", "authurl", "root", "maxrate"},
            "script": {"command", "user", "env"},
            "hook": _keys(HookConfig, FailureRule),
            "health": _keys(HealthConfig),
            "lock": _keys(LockConfig),
            "worker": _keys(WorkerLimits),
        }
    )


def _keys(*classes: type) -> frozenset[str]:
    return frozenset(fold(said.key) for cls in classes for said in options_of(cls).values())
