"""What measurements mean, and that whatever is looked at may hang or die."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import psutil
import pytest

from dropship.cli.doctor import lines
from dropship.cli.examine import aside, clock, limits, python, space, unit
from dropship.cli.examine.aside import Task
from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.cli.view import View
from dropship.core.values import Share

UNIT = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "Restart": "on-failure",
    "KillMode": "process",
}


def looked(*tasks: Task) -> list[Finding]:
    """The findings of tasks."""
    return list(aside.run(tasks, lambda _task: None))


def _hang() -> Iterator[Finding]:
    yield ok("store", "answers", "a")
    signal.pause()


def _die() -> Iterator[Finding]:
    os.kill(os.getpid(), signal.SIGSEGV)
    yield ok("store", "never")


def _good(number: int) -> Iterator[Finding]:
    yield ok("store", "answers", str(number))


def _forbidden() -> Iterator[Finding]:
    raise PermissionError(13, "Permission denied", "/root/x")
    yield ok("store", "never")


def test_what_hangs_is_given_up_and_keeps_what_it_said() -> None:
    """What came before is told, and that the rest did not come."""

    def rest(found: Sequence[Finding]) -> list[Finding]:
        return [failed("store", "no answer", str(len(found)))]

    plain, told = looked(Task("store", "b", _hang, 0.3)), looked(
        Task("store", "b", _hang, 0.3, rest=rest)
    )  # fmt: skip
    assert plain[0] == ok("store", "answers", "a")
    assert (plain[1].state, plain[1].subject) == ("failed", "b")
    assert "took longer" in plain[1].message
    assert told == [ok("store", "answers", "a"), failed("store", "no answer", "1")]


def test_what_dies_is_told_and_harms_no_other() -> None:
    """By the name of the signal; the others are looked at, in their order, however many."""
    many = [Task("store", str(number), partial(_good, number)) for number in range(20)]
    found = looked(*many[:10], Task("store", "x", _die), *many[10:])
    assert [one.subject for one in found] == [*map(str, range(10)), "x", *map(str, range(10, 20))]
    assert found[10].state == "failed"
    assert "SIGSEGV" in found[10].message


def test_place_that_may_not_be_looked_at_is_a_finding() -> None:
    """With its name, and no traceback."""
    (found,) = looked(Task("space", None, _forbidden))
    assert (found.state, found.message) == (
        "failed",
        "cannot be looked at: /root/x: Permission denied",
    )


def test_nothing_is_left_of_the_processes() -> None:
    """No zombie, no descriptor, no thread, however they ended."""

    def ours() -> tuple[object, ...]:
        return psutil.Process().num_fds(), psutil.Process().children(), threading.active_count()

    before = ours()
    looked(Task("store", "a", _hang, 0.2), Task("store", "b", _die), Task("c", None, lambda: ()))
    assert ours() == before


@pytest.mark.parametrize(
    ("ahead", "strict", "state", "words"),
    [
        (0.0, True, "ok", "agrees"),
        (-29.0, True, "ok", "agrees"),
        (-60.0, True, "warning", "60 s behind"),
        (1000.0, False, "warning", "1000 s ahead"),
        (1000.0, True, "failed", "1000 s ahead"),
        (-901.0, True, "failed", "901 s behind"),
    ],
)
def test_clock_that_is_off_is_judged_by_who_minds(
    ahead: float, strict: bool, state: str, words: str
) -> None:
    """S3 refuses what is signed a quarter of an hour off; others only look odd."""
    found = clock.judged(clock.Server("store s3", "https://x/", strict=strict), ahead)
    assert (found.state, found.subject) == (state, "store s3")
    assert words in found.message
    assert bool(found.cure) == (state != "ok")


@pytest.mark.parametrize(
    ("free", "inodes", "states"),
    [
        (50, 500, ["ok", "ok"]),
        (8, 500, ["warning", "ok"]),
        (4, 500, ["failed", "ok"]),
        (50, 10, ["ok", "warning"]),
        (0, 0, ["failed", "failed"]),
    ],
)
def test_room_is_held_against_min_free(free: int, inodes: int, states: list[str]) -> None:
    """Bytes and inodes apart."""
    found = space.judged(space.Room("/srv", 100, free, 1000, inodes), Share(fraction=0.05))
    assert [one.state for one in found] == states


def test_file_system_that_counts_no_inodes_is_not_out_of_them() -> None:
    """As btrfs has it."""
    found = space.judged(space.Room("/srv", 100, 50, 0, 0), Share(fraction=0.05))
    assert [one.state for one in found] == ["ok"]


def test_limit_of_open_files_is_held_against_the_services() -> None:
    """Two each, and what the agent itself needs."""
    assert limits.judged(1024, "the unit", 300).state == "ok"
    assert limits.judged(1024, "the unit", 400).state == "warning"
    assert limits.judged(None, "the unit", 10**6).state == "ok"


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({}, "ok", "starts with the host"),
        ({"ActiveState": "failed"}, "failed", "is failed"),
        ({"ActiveState": "inactive"}, "warning", "is inactive"),
        ({"UnitFileState": "disabled"}, "warning", "does not start with the host"),
        ({"Restart": "no"}, "warning", "does not come back"),
        ({"KillMode": "control-group"}, "warning", "KillMode=control-group"),
        ({"NoNewPrivileges": "yes"}, "warning", "sudo"),
    ],
)
def test_property_of_the_unit_means_something(
    change: dict[str, str], state: str, words: str
) -> None:
    """One thing wrong is one finding more."""
    found = list(unit.findings({**UNIT, **change}, "", None, booted=True))
    assert [one.state for one in found if words in one.message] == [state]
    assert all(one.cure for one in found if one.state != "ok")


def test_missing_unit_matters_only_where_systemd_runs() -> None:
    """In a container somebody else starts the agent."""
    (there,) = unit.findings(None, "there is no unit", None, booted=True)
    (elsewhere,) = unit.findings(None, "systemd does not run here", None, booted=False)
    assert (there.state, elsewhere.state) == ("warning", "ok")


def test_module_that_cannot_be_loaded_is_told_with_what_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where its package is not installed, or broken."""
    import sys  # noqa: PLC0415 - only here

    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    monkeypatch.setitem(sys.modules, "requests", None)
    monkeypatch.setitem(sys.modules, "redis", None)
    found = {one.subject: one for one in python.findings(None)}
    assert (found["isal"].state, found["requests"].state) == ("warning", "failed")
    assert "half the speed" in found["isal"].message
    assert found["redis"].state == "ok"  # nobody needs it


VIEWS: list[tuple[View, list[str]]] = [
    (View(), ["fail  store          web: it is gone; bring it back"]),
    (
        View(width=51),
        ["fail  store          web: it is gone; bring it back"],
    ),
    (
        View(width=30, colour=True),
        ["\x1b[1;31mfail\x1b[0m  store          web: it is gone; bring it back"],
    ),
]


@pytest.mark.parametrize(("view", "shown"), VIEWS)
def test_finding_is_shown_in_the_width_there_is(view: View, shown: list[str]) -> None:
    """One line in a pipe; what a window has no room for stands below the text."""
    one = failed("store", "it is gone", "web", cure="bring it back")
    assert lines(one, view) == shown
    long: Any = warning("store", "a word " * 20, "web")
    wrapped = lines(long, View(width=60))
    assert len(wrapped) > 1
    assert all(line.startswith(" " * 21) and len(line) <= 60 for line in wrapped[1:])


def test_hostile_text_cannot_steer_the_terminal() -> None:
    """What a store says is not the terminal's business."""
    (shown,) = lines(failed("store", "a\x1b[2J\nb", "w\x07"), View())
    assert "\x1b" not in shown
    assert "\x07" not in shown
