"""What all checks start from: the configuration, the account, the unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dropship.cli.examine.who import Who
from dropship.config.load import DEFAULT, Loaded
from dropship.config.model import Config


@dataclass(frozen=True, slots=True)
class Ground:
    """What is examined.

    Attributes:
        path: The configuration.
        strict: As the agent would read it.
        lenient: As it is without the values that cannot be had here.
        who: The account of the agent.
        unit: The properties of the agent's unit; None where systemd has none, or is not there.
        unit_words: Why there is none.
        environ: This process's.
    """

    path: Path
    strict: Loaded
    lenient: Loaded
    who: Who
    unit: Mapping[str, str] | None
    unit_words: str
    environ: Mapping[str, str]

    @property
    def config(self) -> Config | None:
        """The configuration, as far as it can be had."""
        return self.strict.config or self.lenient.config

    @property
    def by_unit(self) -> bool:
        """Whether the unit starts the agent of this configuration."""
        return self.unit is not None and self.path == DEFAULT

    @property
    def services(self) -> int:
        """How many services there are."""
        return len(self.config.services) if self.config else 0
