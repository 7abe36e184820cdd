"""Where text is shown, and what may be drawn there."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from dropship.cli.spans import clock, until, zone_name
from dropship.cli.view import View, drawable, size
from tests.cli.given import ZONE


@pytest.fixture
def window() -> Iterator[TextIO]:
    """A terminal of 72 columns."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 72, 0, 0))
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield stream
    os.close(master)


def test_terminal_has_a_width_and_takes_colour(window: TextIO) -> None:
    """Asked of the terminal itself: ``COLUMNS`` may be of before it was resized."""
    environ = {"TERM": "xterm", "COLUMNS": "200"}
    assert View.of(window, environ) == View(72, colour=True, unicode=True)
    assert View.of(window, environ).paint("x", "bad") == "\x1b[1;31mx\x1b[0m"


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_user_has_a_say_about_colour(environ: dict[str, str], window: TextIO) -> None:
    """The width is the same."""
    assert not drawable(environ)
    assert View.of(window, environ) == View(72, colour=False, unicode=True)


def test_empty_no_color_is_none() -> None:
    """As its inventors have it."""
    assert drawable({"NO_COLOR": "", "TERM": "xterm"})


def test_pipe_has_neither() -> None:
    """Whatever the environment says."""
    pipe = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    view = View.of(pipe, {"TERM": "xterm", "COLUMNS": "40"})
    assert view == View(None, colour=False, unicode=False)
    assert view.paint("x", "bad") == "x"
    assert (view.dots, view.arrow) == ("...", "->")


def test_terminal_that_nobody_told_its_size_is_a_usual_one() -> None:
    """A serial line says 0 by 0."""
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as stream:
        assert size(stream) == os.terminal_size((80, 24))
    os.close(master)
    assert size(io.StringIO()) == os.terminal_size((80, 24))


def test_times_are_those_of_the_place() -> None:
    """And what is due is due now."""
    assert clock("2026-11-23T03:13:38Z", ZONE) == "2026-11-23 04:13:38"
    assert zone_name(0.0, ZONE) == "CET"
    assert until("1970-01-01T00:01:00Z", 30.0) == "in 30 s"
    assert until("1970-01-01T00:01:00Z", 90.0) == "now"
    assert until(None, 90.0) == "-"
