"""What ``status --format json`` and ``history --format json`` say, as far as the demo looks at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from dropship.errors import DropshipError

_AT_REST: Final = frozenset({"idle", "failed"})


@dataclass(frozen=True, slots=True)
class Seen:
    """The agent, and the demo's one service. Words and hashes are empty where there are none."""

    agent: int | None
    state: str
    hash: str
    release: str
    previous: str
    error: str
    quarantined: tuple[str, ...]
    worker: int | None
    restarts: int

    @classmethod
    def of(cls, text: str) -> Seen:
        """Read the document of ``status``.

        Raises:
            DropshipError: It is none, or not of one service.
        """
        try:
            document = json.loads(text)
            (service,) = document["services"]
            return cls._of(document["agent"], service, service["worker"] or {})
        except (ValueError, KeyError, TypeError) as error:
            raise DropshipError(f"status cannot be understood: {error!r} in {text!r}") from error

    @classmethod
    def _of(cls, agent: dict[str, Any], service: dict[str, Any], worker: dict[str, Any]) -> Seen:
        return cls(
            agent=agent["pid"] if agent["running"] else None,
            state=service["state"],
            hash=service["hash"] or "",
            release=service["release"] or "",
            previous=service["previous"] or "",
            error=service["lastError"] or "",
            quarantined=tuple(service["quarantined"]),
            worker=worker.get("pid"),
            restarts=worker.get("restarts", 0),
        )

    @property
    def at_rest(self) -> bool:
        """No update is under way."""
        return self.state in _AT_REST

    def __str__(self) -> str:
        parts = [
            f"agent {self.agent or 'not running'}",
            f"state {self.state}",
            f"release {self.release or 'none'}",
            f"hash {self.hash or 'none'}",
            f"quarantined {', '.join(self.quarantined) or 'nothing'}",
            f"worker {self.worker or 'none'}",
            f"restarts {self.restarts}",
            f"last error {self.error or 'none'}",
        ]
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Past:
    """An update of the past."""

    to: str
    outcome: str


def past(text: str) -> list[Past]:
    """Read the document of ``history``, newest first.

    Raises:
        DropshipError: It is none.
    """
    try:
        return [Past(row["toHash"] or "", row["outcome"]) for row in json.loads(text)]
    except (ValueError, KeyError, TypeError) as error:
        raise DropshipError(f"history cannot be understood: {error!r} in {text!r}") from error
