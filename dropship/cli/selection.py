"""Which services a command is about."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from dropship.config.model import Config, ServiceConfig
from dropship.errors import UsageError


def services(config: Config, names: Sequence[str]) -> tuple[ServiceConfig, ...]:
    """The named services in the order of the configuration; all of them if none is named.

    Raises:
        UsageError: There is no service of a name; tells the nearest.
    """
    known = {service.name: service for service in config.services}
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            listed = ", ".join(known) or "none"
            cure = f'did you mean "{close[0]}"?' if close else f"there are: {listed}"
            raise UsageError(f'there is no service "{name}"', cure=cure)
    return tuple(one for one in config.services if not names or one.name in names)


def worst(codes: Sequence[int]) -> int:
    """The exit code of several services: 1 before 4 before 0."""
    return next((code for code in (1, 4) if code in codes), 0)
