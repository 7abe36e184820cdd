"""``logs`` as text: as the log has it, without what steers a terminal."""

from __future__ import annotations

from dropship.cli.logs import lines
from dropship.cli.view import View

_EVENT = {
    "time": "2026-11-23T07:40:08.123Z",
    "level": "info",
    "message": "| hello,   world",
    "service": "web",
    "phase": "after",
    "pid": 7,
}


def test_event_is_shown_as_the_log_has_it() -> None:
    """Whole seconds; columns of what a hook printed are kept."""
    assert list(lines(_EVENT, View())) == ["2026-11-23T07:40:08Z INFO [web] | hello,   world"]


def test_traceback_stands_in_the_lines_below() -> None:
    """With its indents."""
    fault = {**_EVENT, "level": "critical", "traceback": 'Traceback:\n  File "x"\n\tboom'}
    shown = list(lines(fault, View(80, colour=True)))
    assert shown[0].startswith("2026-11-23T07:40:08Z \x1b[1;31mCRITICAL\x1b[0m [web]")
    assert shown[1:] == ["Traceback:", '  File "x"', "    boom"]


def test_event_of_another_program_is_shown_as_far_as_it_goes() -> None:
    """Fields that are missing, or steer, or are of another type."""
    odd = {"time": "now", "level": "in\x1bfo", "message": 5, "service": "a\nb", "more": {}}
    assert list(lines(odd, View())) == ["now IN\\x1bFO [a b] 5"]
    assert list(lines({}, View())) == ["  "]
