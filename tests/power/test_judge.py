"""The judge of a boot finds each way in which a host may be torn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.power.judge import faults

TREES = {"tree-1": 1, "tree-2": 2}
MD5S = {"md5-1": 1, "md5-2": 2}


def judged(reached: int | None, **changed: Any) -> list[str]:
    """Of a host at version 2, with the one before beside it, but for what is changed."""
    seen = {
        "absent": False,
        "tree": "tree-2",
        "link": "two",
        "current": "two",
        "journal": None,
        "twice": 0,
        "releases": {"one": ["tree-1", "md5-1"], "two": ["tree-2", "md5-2"]},
        **changed,
    }
    return list(
        faults(seen, lambda one: TREES.get(one or ""), lambda one: MD5S.get(one or ""), reached)
    )


def test_whole_host_is_without_fault() -> None:
    """At the newest version, at a later one than is known of, and before the first."""
    assert judged(2) == []
    assert judged(1) == []
    nothing: dict[str, Any] = {
        "tree": None,
        "absent": True,
        "link": None,
        "current": None,
        "releases": {},
    }
    assert judged(None, **nothing) == []


@pytest.mark.parametrize(
    ("reached", "changed", "fault"),
    [
        (2, {"unreadable": "state.json is damaged"}, "state.json is damaged"),
        (2, {"tree": None, "absent": True}, "nothing at the destination"),
        (2, {"tree": None}, "what stands at the destination is no version"),
        (2, {"tree": "torn"}, "what stands at the destination is no version"),
        (2, {"tree": "tree-1"}, "version 1, and 2 had been reached"),
        (2, {"link": "one"}, "without a journal the link is one and the state two"),
        (2, {"twice": 1}, "an update stands twice in the history"),
        (2, {"releases": {"one": ["torn", "md5-1"]}}, "the release one is not whole"),
        (2, {"releases": {"one": ["tree-2", "md5-1"]}}, "the release one is not whole"),
        (2, {"releases": {"one": ["tree-1", None]}}, "the release one has no card"),
    ],
)  # fmt: skip
def test_torn_host_has_that_fault(reached: int, changed: dict[str, Any], fault: str) -> None:
    """One thing at a time."""
    (found,) = judged(reached, **changed)
    assert found.startswith(fault)


def test_link_may_be_ahead_of_the_state_with_a_journal() -> None:
    """That is what the journal is for."""
    assert judged(1, link="one", journal="activating") == []
