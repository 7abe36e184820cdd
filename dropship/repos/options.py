"""Keys that every store has."""

from __future__ import annotations

from dataclasses import dataclass

from dropship.core.option import option
from dropship.core.values import Duration, Size


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How a download behaves, whatever the store."""

    stall_timeout: Duration = option(
        Duration.of(30),
        least=1,
        doc="A download without a byte for so long counts as cut; may exceed `watchdog`.",
    )
    max_rate: Size | None = option(
        None, otherwise="no limit", doc='Most bytes a second of each download, such as `"10MB"`.'
    )
    retries: int = option(5, doc="How often in a row a cut download is resumed.")
