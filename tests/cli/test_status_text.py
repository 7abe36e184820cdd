"""``status`` as text: what an operator sees at a glance, on any width."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dropship.agent.answers import StatusAnswer
from dropship.cli.columns import width
from dropship.cli.status_text import frame, lines
from dropship.cli.view import View
from tests.cli.given import (
    AGENT,
    FLEET,
    NASTY,
    NO_AGENT,
    NOW,
    STAGING,
    VIEWS,
    ZONE,
    service,
)
from tests.cli.golden_text import same


def test_fleet_at_a_bad_moment_is_shown_word_for_word() -> None:
    """Every state, every kind of note, in windows and in a pipe."""
    same("status", {name: lines(FLEET, view, NOW) for name, view in VIEWS.items()})


def test_window_that_is_too_low_shows_what_is_in_trouble() -> None:
    """The rest is counted."""
    windows = {(name, height): VIEWS[name] for name in ("60", "80") for height in (8, 14, 60)}
    shown = {f"{w} x {h}": frame(FLEET, view, NOW, h) for (w, h), view in windows.items()}
    assert all(len(shown[f"{w} x {h}"]) <= h for w, h in windows)
    same("frames", shown)


def test_single_service_is_shown_in_detail() -> None:
    """Its previous release, its worker, its last check."""
    one = StatusAnswer(AGENT, (replace(STAGING, previous="20261101T000000Z-abcdefabcdef"),))
    views = {name: VIEWS[name] for name in ("60", "80", "pipe")}
    same("detail", {name: lines(one, view, NOW, detail=True) for name, view in views.items()})


_HEADS = {
    "no agent": StatusAnswer(NO_AGENT, (service(next_check=None, worker=None),)),
    "no service": StatusAnswer(AGENT, ()),
    "stopping": StatusAnswer(replace(AGENT, stopping=True), (service(),)),
    "not reloaded": StatusAnswer(
        replace(AGENT, config_error=f"3 errors {NASTY}"), (service(),) * 2
    ),
    "versions": StatusAnswer(AGENT, (service(version="1.2.3"), service("b"))),
    "due": StatusAnswer(AGENT, (service(next_check="2026-11-23T00:00:00Z"),)),
    "many failed": StatusAnswer(AGENT, tuple(service(f"s{i}", "failed") for i in range(4))),
}


def test_headline_says_whom_to_believe() -> None:
    """No agent, one that stops, one that could not reload, one that hangs."""
    shown = {name: lines(status, VIEWS["80"], NOW) for name, status in _HEADS.items()}
    hung = lines(FLEET, VIEWS["80"], NOW, said="the agent (process 812) says nothing")[:3]
    same("headlines", {**shown, "hung": hung})


def test_pipe_has_a_whole_line_a_service_and_says_whose_a_note_is() -> None:
    """So that ``grep`` finds everything about a service."""
    shown = lines(FLEET, VIEWS["pipe"], NOW)
    for one in FLEET.services:
        assert sum(line.startswith(f"{one.name} ") for line in shown) == 1
    notes = [line for line in shown if line.startswith("  ")]
    names = tuple(f"  {one.name}: " for one in FLEET.services)
    assert notes
    assert all(line.startswith(names) for line in notes)


def test_colour_is_only_colour() -> None:
    """The words are the same without it."""
    coloured = lines(FLEET, replace(VIEWS["80"], colour=True), NOW)
    assert any("\x1b[1;31mfailed" in line for line in coloured)
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in coloured]
    assert [line.rstrip() for line in plain] == lines(FLEET, VIEWS["80"], NOW)


names = st.text(min_size=1, max_size=60)


@settings(max_examples=300)
@given(
    names=st.lists(names, min_size=1, max_size=4),
    words=names,
    columns=st.integers(30, 130),
    height=st.integers(1, 20),
    unicode=st.booleans(),
)
def test_no_line_is_wider_than_the_window_or_steers_it(
    names: list[str], words: str, columns: int, height: int, *, unicode: bool
) -> None:
    """Whatever services are called and say."""
    view = View(columns, unicode=unicode, zone=ZONE)
    status = StatusAnswer(
        replace(AGENT, config_error=words),
        tuple(service(name, "failed", last_error=words, release=words) for name in names),
    )
    for shown in (lines(status, view, NOW), frame(status, view, NOW, height)):
        for line in shown:
            assert width(line) <= columns, line
            assert line.isprintable()
    assert len(frame(status, view, NOW, height)) <= height
