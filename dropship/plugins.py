"""Which backends there are: a literal table of built-in names, imported when one is used.

Names not in it are looked up among entry points (groups ``dropship.repos``, ``.lockers``,
``.hooks``, ``.health``); a third party cannot shadow a built-in. ``importlib.metadata`` is slow
to import and is therefore not touched for a built-in name.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from dropship.errors import ConfigError


class Kind(Enum):
    """The kinds of backend a configuration can name; the value is how people call it."""

    REPO = "repo"
    LOCK = "lock"
    HOOK = "hook"
    HEALTH = "health check"


BUILT_IN: Final[Mapping[Kind, Mapping[str, str]]] = MappingProxyType(
    {
        Kind.REPO: {
            "file": "dropship.repos.file:FileRepo",
            "http": "dropship.repos.http:HttpRepo",
            "rackspace": "dropship.repos.swift:RackspaceRepo",
            "s3": "dropship.repos.s3:S3Repo",
            "swift": "dropship.repos.swift:SwiftRepo",
        },
        Kind.LOCK: {
            "consul": "dropship.lockers.consul:ConsulLocker",
            "etcd": "dropship.lockers.etcd:EtcdLocker",
            "file": "dropship.lockers.file:FileLocker",
            "redis": "dropship.lockers.redis:RedisLocker",
        },
        Kind.HOOK: {
            "consul-event": "dropship.hooks.consul_event:ConsulEventHook",
            "grafana-annotation": "dropship.hooks.grafana_annotation:GrafanaAnnotationHook",
            "graphite-event": "dropship.hooks.graphite_event:GraphiteEventHook",
            "script": "dropship.hooks.script:ScriptHook",
            "systemd": "dropship.hooks.systemd:SystemdHook",
            "webhook": "dropship.hooks.webhook:Webhook",
        },
        Kind.HEALTH: {
            "http": "dropship.health.http:HttpHealth",
            "script": "dropship.health.script:ScriptHealth",
            "systemd": "dropship.health.systemd:SystemdHealth",
            "tcp": "dropship.health.tcp:TcpHealth",
        },
    }
)

_GROUPS: Final = {
    Kind.REPO: "dropship.repos",
    Kind.LOCK: "dropship.lockers",
    Kind.HOOK: "dropship.hooks",
    Kind.HEALTH: "dropship.health",
}


def find(kind: Kind, name: str) -> type[Any] | None:
    """The backend class called ``name``, or None if there is none.

    Raises:
        ConfigError: There is one, but it cannot be imported.
    """
    target = BUILT_IN[kind].get(name) or _third_party(kind).get(name)
    if target is None:
        return None
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a module of somebody else may raise anything
        said = str(error) if isinstance(error, ImportError | AttributeError) else repr(error)
        raise ConfigError(
            f"the {kind.value} {name} cannot be loaded: {said}",
            cure="install what it needs, or name another",
        ) from error
    if not isinstance(found, type):
        raise ConfigError(f"the {kind.value} {name} is no class ({target})")
    return found


def names(kind: Kind) -> tuple[str, ...]:
    """Every backend of a kind, sorted."""
    return tuple(sorted({*BUILT_IN[kind], *_third_party(kind)}))


def _third_party(kind: Kind) -> dict[str, str]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and seldom needed

    return {point.name: point.value for point in entry_points(group=_GROUPS[kind])}
