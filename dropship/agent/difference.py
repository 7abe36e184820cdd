"""What a new configuration changes: which workers start, end, or start anew. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dropship.config.model import Config, ServiceConfig
from dropship.core.values import Duration


@dataclass(frozen=True, slots=True)
class Difference:
    """From one configuration to another, by services.

    ``unchanged`` says that no worker has to know. ``fixed`` names what only a restart of the agent
    can change.
    """

    added: tuple[ServiceConfig, ...]
    changed: tuple[ServiceConfig, ...]
    removed: tuple[str, ...]
    fixed: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        """No worker has to know."""
        return not (self.added or self.changed or self.removed)

    def __str__(self) -> str:
        parts = [
            f"{what} {', '.join(names)}"
            for what, names in (
                ("added", [one.name for one in self.added]),
                ("changed", [one.name for one in self.changed]),
                ("removed", list(self.removed)),
            )
            if names
        ]
        return "; ".join(parts) or "no service changed"


def difference(old: Config, new: Config) -> Difference:
    """What changes from ``old`` to ``new``; compares typed values, so comments change nothing."""
    before = {one.name: one for one in old.services}
    after = {one.name: one for one in new.services}
    everybody = _shared(old) != _shared(pinned(old, new))
    common = [one for one in new.services if one.name in before]
    return Difference(
        added=tuple(one for one in new.services if one.name not in before),
        changed=tuple(one for one in common if everybody or one != before[one.name]),
        removed=tuple(name for name in before if name not in after),
        fixed=tuple(
            name for name in ("state_path", "run_path") if getattr(old, name) != getattr(new, name)
        ),
    )


def pinned(old: Config, new: Config) -> Config:
    """``new`` with what a running agent cannot change as it is in ``old``."""
    return replace(new, state_path=old.state_path, run_path=old.run_path)


def _shared(config: Config) -> Config:
    """What all workers are shaped by: the rest is the supervisor's own business."""
    return replace(
        config,
        services=(),
        secrets=frozenset(),
        service_path=None,
        watchdog=Duration(0),
        stop_timeout=Duration(0),
        socket_group="",
    )
