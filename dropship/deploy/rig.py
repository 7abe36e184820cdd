"""Everything a driver works with, built once from the configuration.

Building imports what an update may need and makes store clients, but talks to nobody: the
supervisor builds before it forks, and the workers share the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dropship import plugins
from dropship.config.model import (
    Config,
    HealthConfig,
    HookConfig,
    LockConfig,
    RepoConfig,
    ServiceConfig,
)
from dropship.core.commands import HookKind
from dropship.core.secrets import secret_values
from dropship.core.situation import Facts
from dropship.core.values import Duration, Share
from dropship.core.version import Constraint
from dropship.deploy import strangers
from dropship.deploy.recipe import recipe
from dropship.deploy.scopes import scope_name
from dropship.errors import ConfigError
from dropship.exec import environ as environs
from dropship.health import Health
from dropship.hooks import Hook
from dropship.hooks.command import CommandHook, CommandOptions
from dropship.install.layout import Layout
from dropship.install.owner import find
from dropship.install.shared import Shared
from dropship.install.slots import Slots
from dropship.lockers import Locker, Place
from dropship.lockers.host import HostFirst
from dropship.repos import Repo
from dropship.repos.source import Source
from dropship.state.store import Store

_LEGACY_TIMEOUT: Final = Duration.of(300)


@dataclass(frozen=True, slots=True)
class BuiltHook:
    """A hook with its settings. ``index``: its place among those of its kind."""

    kind: HookKind
    index: int
    config: HookConfig
    hook: Hook
    notifies: bool


@dataclass(frozen=True, slots=True)
class BuiltHealth:
    """A health check with its settings."""

    config: HealthConfig
    check: Health


@dataclass(frozen=True, slots=True)
class Rig:
    """What one service's driver works with.

    Attributes:
        hooks: By kind, in the order they run; legacy commands in their place.
        environ: The environment of hooks and checks, secrets taken out.
        scope: Over what turns are taken: all services of the lock, or this one.
        slots: How many stagings there may be at a time on this host.
    """

    service: ServiceConfig
    facts: Facts
    layout: Layout
    store: Store
    source: Source
    locker: Locker | None
    scope: str
    hooks: Mapping[HookKind, tuple[BuiltHook, ...]]
    health: tuple[BuiltHealth, ...]
    environ: Mapping[str, str]
    min_free: Share
    slots: Slots

    def shared(self) -> Shared:
        """What of the service outlives its releases.

        Raises:
            ConfigError: It cannot, or its owner is not there.
        """
        artifact = self.service.artifact
        account = find(artifact.owner, artifact.group) if artifact.shared else None
        return Shared.of(self.layout, artifact.shared, account)


class Workshop:
    """Builds rigs; services with the same repo block share its client's memory."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self._config = config
        self._repos: dict[RepoConfig, Repo[Any]] = {}
        self._environ = environs.cleaned(
            environ, secrets=secret_values(config), names=config.environ_read
        )

    def rig(self, service: ServiceConfig) -> Rig:
        """Everything for one service.

        Raises:
            ConfigError: A backend cannot be loaded or refuses its options.
        """
        artifact = service.artifact
        lock = service.lock
        constraint = Constraint(artifact.version_order, artifact.version)
        sidecar = artifact.checksum == "sidecar"
        source = Source(self.repo(artifact.repo), artifact.location, constraint, sidecar=sidecar)
        source.prepare()
        return Rig(
            service=service,
            facts=facts(service),
            layout=Layout.of(artifact, service.name),
            store=Store.of(self._config.state_path, service.name),
            source=source,
            locker=self.locker(lock) if lock and service.sequential_updates else None,
            scope=scope_name(service),
            hooks={
                "before": _hooks("before", service.before, first=service.pre_command),
                "after": _hooks("after", service.after, last=service.post_command),
                "failed": _hooks("failed", service.failed),
            },
            health=tuple(
                BuiltHealth(one, _built(plugins.Kind.HEALTH, one.type, one.options))
                for one in service.health
            ),
            environ=self._environ,
            min_free=self._config.min_free,
            slots=Slots(self._config.state_path / "locks" / "stagings", self._config.max_stagings),
        )

    def repo(self, config: RepoConfig) -> Repo[Any]:
        """The store behind a repo block; one for all that share it.

        Raises:
            ConfigError: The backend cannot be loaded or refuses its options.
        """
        if config not in self._repos:
            try:
                self._repos[config] = _built(plugins.Kind.REPO, config.type, config.options)
            except ConfigError as error:
                said = f'repo "{config.name}": {error.args[0]}'
                raise ConfigError(said, cure=error.cure) from error
        return self._repos[config]

    def locker(self, config: LockConfig) -> Locker:
        """The engine behind a lock block, as this host uses it.

        Raises:
            ConfigError: The backend cannot be loaded or refuses its options.
        """
        folder = self._config.state_path / "locks"
        place = Place(folder, config.name, config.per_service)
        made: Locker = _built(plugins.Kind.LOCK, config.type, config.options, place)
        return HostFirst(made, folder, config.name)


def facts(service: ServiceConfig) -> Facts:
    """What the table asks of a service's configuration."""
    return Facts(
        recipe=recipe(service.artifact),
        sequential=service.sequential_updates,
        holds=service.update_ttl.nanoseconds > 0,
        verifies=bool(service.health),
        keeps=service.artifact.keep_releases,
        assumed=service.hash,
        order=service.artifact.version_order,
        downgrades=service.artifact.allow_downgrade,
    )


def _hooks(
    kind: HookKind, configs: tuple[HookConfig, ...], first: str = "", last: str = ""
) -> tuple[BuiltHook, ...]:
    found: list[tuple[HookConfig, Hook, bool]] = []
    if first:
        found.append(_legacy(first))
    for config in configs:
        cls = _class(plugins.Kind.HOOK, config.type)
        hook = strangers.built(plugins.Kind.HOOK, config.type, cls, config.options)
        found.append((config, hook, bool(getattr(cls, "notifies", False))))
    if last:
        found.append(_legacy(last))
    return tuple(
        BuiltHook(kind, index, config, hook, notifies)
        for index, (config, hook, notifies) in enumerate(found)
    )


def _legacy(command: str) -> tuple[HookConfig, Hook, bool]:
    options = CommandOptions(command)
    config = HookConfig(
        type="command",
        options=options,
        on_failure="continue",
        abort_written=False,
        timeout=_LEGACY_TIMEOUT,
    )
    return config, CommandHook(options), False


def _built(kind: plugins.Kind, name: str, *arguments: Any) -> Any:
    return strangers.built(kind, name, _class(kind, name), *arguments)


def _class(kind: plugins.Kind, name: str) -> type[Any]:
    found = plugins.find(kind, name)
    if found is None:
        raise ConfigError(
            f"there is no {kind.value} of type {name}",
            cure=f"there are {', '.join(plugins.names(kind))}",
        )
    return found
