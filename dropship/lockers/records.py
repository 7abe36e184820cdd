"""Holders, marks and breaks as texts, JSON of one line, as engines keep them.

Read with patience: whoever may write there need not be one of us.
"""

from __future__ import annotations

import time
from typing import Any

from dropship.core.values import Md5
from dropship.lockers import Broken, Holder, Mark


def text(record: Holder | Mark | Broken) -> str:
    """One line, without its end."""
    import json  # noqa: PLC0415 - `validate` checks locks, and has no turns

    return json.dumps(record._asdict(), separators=(",", ":"))


def holding(contender: Holder) -> str:
    """The text of somebody who holds a turn from now on, however long he has waited for it."""
    return text(contender._replace(since=time.time()))


def holder(said: str) -> Holder:
    """A holder; what is not known of it is a question mark."""
    found = _map(said)
    md5, pid = found.get("hash"), found.get("pid")
    return Holder(
        host=str(found.get("host", "?")),
        pid=pid if isinstance(pid, int) else 0,
        service=str(found.get("service", "?")),
        hash=Md5(md5) if isinstance(md5, str) else None,
        since=_since(found),
    )


def mark(said: str, md5: Md5) -> Mark:
    """The mark against a digest; also what nobody can read is one."""
    found = _map(said)
    return Mark(md5, str(found.get("host", "?")), str(found.get("error", "?")), _since(found))


def broken(said: str) -> Broken:
    """That turns were broken."""
    found = _map(said)
    holders = found.get("holders")
    names = tuple(map(str, holders)) if isinstance(holders, list) else ()
    by, host = str(found.get("by", "?")), str(found.get("host", "?"))
    return Broken(by, host, _since(found), names)


def _map(said: str) -> dict[str, Any]:
    import json  # noqa: PLC0415 - as above

    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _since(found: dict[str, Any]) -> float:
    since = found.get("since")
    return float(since) if isinstance(since, int | float) else 0.0
