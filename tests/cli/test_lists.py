"""``history``, ``releases`` and ``why`` as text."""

from __future__ import annotations

from typing import Any

import pytest

from dropship.agent.answers import BrokenAnswer, HolderAnswer, LockAnswer, WhyAnswer, moment
from dropship.cli import history, lock, releases, why
from dropship.cli.columns import width
from tests.cli.given import HISTORY, MD5, NASTY, NOW, RELEASES, VIEWS, update
from tests.cli.golden_text import same


def test_history_is_shown_word_for_word() -> None:
    """Errors stand on lines of their own and never widen the table."""
    shown = {name: history.lines(HISTORY, view, NOW) for name, view in VIEWS.items()}
    assert all(max(map(width, shown[name])) <= (VIEWS[name].width or 1000) for name in VIEWS)
    same("history", shown)


def test_releases_are_shown_word_for_word() -> None:
    """Which is current, which one was before."""
    shown = {name: releases.lines(RELEASES, "api", view, NOW) for name, view in VIEWS.items()}
    assert all(max(map(width, shown[name])) <= (VIEWS[name].width or 1000) for name in VIEWS)
    same("releases", shown)


def test_nothing_yet_is_said_in_words() -> None:
    """An empty table leaves people guessing."""
    assert history.lines([], VIEWS["80"], NOW) == ["nothing has been updated yet"]
    assert releases.lines([], "a\x1bpi", VIEWS["80"], NOW) == [
        "a\\x1bpi has no release on this host yet"
    ]


def test_history_says_what_took_its_time() -> None:
    """Seconds where they matter, and no parts that took none."""
    (_, row) = history.lines([update()], VIEWS["pipe"], NOW)
    assert row.endswith("74 s  stage 3.1 s, wait 61 s, verify 9.7 s")


WHYS = {
    "good": WhyAnswer("api", True, None, None, None, moment(NOW + 20)),
    "paused": WhyAnswer(
        "api", True, f"paused since 2026: {NASTY}", "paused", "alice", moment(NOW + 20)
    ),
    "quarantined": WhyAnswer(
        "api", False, "quarantined since 2026: health http 502", "quarantined",
        "whoever publishes the artifact", moment(NOW - 5),
    ),
    "store": WhyAnswer("api", False, "connection refused", "store", "the store", moment(NOW + 400)),
    "under-way": WhyAnswer(
        "api", False, "an update is under way: its health is checked", None, "this host's agent", None
    ),
    "no-agent": WhyAnswer(
        "api", False, "no agent runs, so nobody looks for something new", None,
        "whoever runs this host", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("view", ["60", "pipe"])
def test_why_answers_in_its_first_line(view: str) -> None:
    """Then whose it is, what can be done here, and when it is looked at next."""
    same(f"why-{view}", {name: why.lines(one, VIEWS[view], NOW) for name, one in WHYS.items()})


def _holder(host: str, service: str, **more: Any) -> HolderAnswer:
    usual: dict[str, Any] = {"pid": 813, "hash": MD5, "since": moment(NOW - 190)}
    return HolderAnswer(host=host, service=service, **{**usual, **more})


LOCKS = [
    LockAnswer("fleet", "consul", "fleet", ("api", "web"), 1, (_holder("web-07", "api"),), waiting=4),
    LockAnswer(
        "each", "etcd", "worker", ("worker",), 3,
        (
            _holder("web-01.example.com", "worker"),
            _holder("bb0c2e1d-6a4f", "?", pid=None, hash=None, since=None),
        ),
    ),
    LockAnswer(
        "each", "etcd", "mail", ("mail",), 1,
        broken=BrokenAnswer("alice", "ops", moment(NOW - 40), (f"web-03 ({NASTY})",)),
    ),
    LockAnswer("share", "file", "share", ("cron",), 1, error="the folder is gone"),
]  # fmt: skip


def test_turns_are_shown_word_for_word() -> None:
    """Who holds them, which are free, where nobody knows, and who broke some."""
    same("locks", {name: lock.lines(LOCKS, view, NOW) for name, view in VIEWS.items()})
    assert lock.lines([], VIEWS["80"], NOW) == ["no service of this host takes turns"]
