"""What the log says of an update, line by line."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dropship import log
from dropship.core import events as on
from dropship.core.saved import Paused
from dropship.deploy.desk import Order
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host, tarball


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose program is not run."""
    return Host(tmp_path)


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """The log, as JSON."""
    loggers = (logging.getLogger(), logging.getLogger("dropship"))
    before = [(list(one.handlers), one.level, one.propagate) for one in loggers]
    stream = io.StringIO()
    log.setup("info", "json", stream=stream)
    yield stream
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


def _once(orders: Sequence[on.Event]) -> Callable[[Desk], Sequence[on.Event]]:
    """The orders of an operator, all at the first moment."""
    given = [orders]
    return lambda _desk: given.pop() if given else []


def events(said: io.StringIO) -> list[dict[str, Any]]:
    """What was said since the last time."""
    found = [json.loads(line) for line in said.getvalue().splitlines()]
    said.seek(0)
    said.truncate()
    return found


def words(said: io.StringIO) -> list[str]:
    """The messages of it."""
    return [one["message"] for one in events(said)]


def test_every_step_of_an_update_is_one_line_with_its_fields(host: Host, said: io.StringIO) -> None:
    """Service and phase always; the release from the moment it has a name."""
    host.configure(
        host.service("""
  before "script" { command = "echo stopping" }
  after "script" { command = "echo starting" }
  health "script" { command = "true" }
""")
    )
    host.publish({"version": "1"})
    drive(rig(host.config), Desk())
    release = host.saved()["current"]["name"]
    told = events(said)
    assert [(one["phase"], one["message"]) for one in told[:-1]] == [
        ("staging", "something new: downloading and unpacking it"),
        ("before", "running the before hooks"),
        ("before", "| stopping"),
        ("activating", f"switching to {release}"),
        ("after", "switched; running the after hooks"),
        ("after", "| starting"),
        ("verifying", "checking health"),
        ("committing", "works; writing it down"),
    ]
    assert told[-1]["message"].startswith(f"updated to {release} in ")
    assert {one["service"] for one in told} == {"app"}
    assert {one.get("release") for one in told[1:]} == {release}
    assert {one["level"] for one in told} == {"info"}


def test_check_that_finds_nothing_new_says_nothing(host: Host, said: io.StringIO) -> None:
    """At INFO."""
    host.configure(host.service())
    host.publish({"version": "1"})
    drive(rig(host.config), Desk())
    events(said)
    drive(rig(host.config), Desk())
    assert words(said) == []


def test_same_bytes_under_a_new_token_are_told_of(host: Host, said: io.StringIO) -> None:
    """Something new was announced: the log does not end there."""
    host.configure(host.service())
    # Packed once: gzip notes the second it was packed in.
    host.publish(content := tarball({"version": "1"}))
    drive(rig(host.config), Desk())
    events(said)
    host.publish(content)
    drive(rig(host.config), Desk())
    assert words(said) == [
        "something new: downloading and unpacking it",
        "these bytes are installed already; nothing to do",
    ]


def test_store_that_fails_and_recovers_is_told_of(host: Host, said: io.StringIO) -> None:
    """By a driver that lives through it."""
    host.configure(host.service())
    host.publish({"version": "1"})
    drive(rig(host.config), Desk())
    events(said)
    host.store.rename(away := host.folder / "away")

    class Mending(Desk):
        """Puts the store back after the second check."""

        answered = 0

        def answer(self, order: Order, refused: str | None) -> None:
            super().answer(order, refused)
            self.answered += 1
            if self.answered == 2:
                away.rename(host.store)

    drive(rig(host.config), Mending(_once([on.CheckNow(update_id=str(n)) for n in range(3)])))
    told = events(said)
    assert [one["level"] for one in told] == ["warning", "info"]
    assert "there is no such file" in told[0]["message"]
    assert told[1]["message"] == "the store answers again"
    assert told[1]["phase"]


def test_word_of_an_operator_is_told_of(host: Host, said: io.StringIO) -> None:
    """Who reads the log later on knows why nothing happened."""
    host.configure(host.service())
    host.publish({"version": "1"})
    wanted = [
        on.Pause(paused=Paused("release freeze", 1.0, "ann")),
        on.Resume(),
        on.Pin(version="1.2"),
        on.Unpin(),
        on.Retry(),
    ]
    drive(rig(host.config), Desk(_once(wanted)))
    told = words(said)
    for line in (
        "paused by ann: release freeze",
        "resumed",
        "pinned to 1.2",
        "not pinned any more",
    ):
        assert told.count(line) == 1, told
