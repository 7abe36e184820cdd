"""Reading what the commands say."""

from __future__ import annotations

import json

import pytest

from dropship.demo.seen import Past, Seen, past
from dropship.errors import DropshipError

_SERVICE = {
    "name": "web",
    "state": "idle",
    "hash": None,
    "release": None,
    "previous": None,
    "lastError": "why",
    "quarantined": ["bad"],
    "worker": None,
}


def test_status_without_worker_and_release_is_read() -> None:
    """As it is at the very start; unknown fields are passed over."""
    document = {"agent": {"running": False, "pid": 7}, "services": [{**_SERVICE, "new": 1}]}
    seen = Seen.of(json.dumps(document))
    assert (seen.agent, seen.worker, seen.hash, seen.restarts) == (None, None, "", 0)
    assert str(seen) == (
        "agent not running; state idle; release none; hash none; quarantined bad; worker none; "
        "restarts 0; last error why"
    )


@pytest.mark.parametrize("text", ["", "[]", '{"agent": {}, "services": []}'])
def test_anything_else_is_told_as_it_is(text: str) -> None:
    """Instead of a traceback."""
    with pytest.raises(DropshipError, match="status cannot be understood"):
        Seen.of(text)


def test_history_is_read_newest_first() -> None:
    """What an update came to, and by which bytes."""
    rows = [{"toHash": "b", "outcome": "rolled-back"}, {"toHash": None, "outcome": "failed"}]
    assert past(json.dumps(rows)) == [Past("b", "rolled-back"), Past("", "failed")]
    with pytest.raises(DropshipError, match="history cannot be understood"):
        past("{}?")
