"""The arithmetic of a turn that several may hold: who has it, who may have it, who is gone. Pure.

A record has a limit and its holders; contenders are those who are known to live. Whoever keeps a
record somewhere reads it, has the next one worked out here, and writes that only if nobody else has
written meanwhile.

The text is that of HashiCorp's ``api.Semaphore`` (``/api/semaphore.go`` of Consul, ``semaphoreLock``),
so that its users and we hold turns of the same record.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace


class SemaphoreError(ValueError):
    """The record makes no sense, or is for another limit; the text goes on after its place."""


@dataclass(frozen=True, slots=True)
class Record:
    """Who holds a turn now.

    Attributes:
        limit: How many may.
        holders: Who do, by the names of their sessions, sorted.
    """

    limit: int
    holders: tuple[str, ...] = ()

    def living(self, contenders: Collection[str]) -> Record:
        """Without holders that are not known to live."""
        return replace(self, holders=tuple(one for one in self.holders if one in contenders))

    def joined(self, session: str) -> Record | None:
        """With one more holder; None if there is no room."""
        if session in self.holders:
            return self
        if len(self.holders) >= self.limit:
            return None
        return replace(self, holders=tuple(sorted((*self.holders, session))))

    def left(self, session: str) -> Record:
        """Without a holder."""
        return replace(self, holders=tuple(one for one in self.holders if one != session))

    def text(self) -> str:
        """As it is written. Holders are never null: the Go client would panic at that."""
        return json.dumps(
            {"Limit": self.limit, "Holders": dict.fromkeys(self.holders, True)},
            separators=(",", ":"),
        )


def read(text: str | None, limit: int) -> Record:
    """The record in a text; a new one where there is none.

    Raises:
        SemaphoreError: It is no record, or has another limit: then somebody else counts otherwise.
    """
    record = parse(text)
    if record is not None and record.limit != limit:
        raise SemaphoreError(f"is for {record.limit} at a time, and here {limit} are configured")
    return record or Record(limit)


def parse(text: str | None) -> Record | None:
    """The record in a text, whatever its limit; None where there is none.

    Raises:
        SemaphoreError: It is no record.
    """
    if not text:
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SemaphoreError(f"is no record of turns: {error}") from error
    if said is None:
        return None
    holders = said.get("Holders") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(holders, dict | None):
        raise SemaphoreError("is no record of turns")
    limit = said.get("Limit")
    if not isinstance(limit, int) or isinstance(limit, bool):
        there = json.dumps(limit)
        raise SemaphoreError(f"is no record of turns: its limit is {there}")
    # Whatever stands behind a name: the Go client counts the names.
    return Record(limit, tuple(sorted(holders or {})))
