"""Printing to those who may have gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from dropship.cli.output import Lasting, let_go, say, settle


@pytest.fixture
def hung_up() -> Iterator[TextIO]:
    """A terminal whose other side is gone: every write is refused with EIO."""
    master, slave = os.openpty()
    stream = os.fdopen(slave, "w")
    os.close(master)
    yield stream
    let_go(stream)
    stream.close()


def test_terminal_that_hung_up_is_written_to_once_and_then_leads_nowhere(hung_up: TextIO) -> None:
    """The line is lost, and whoever writes to the stream by himself does not fail either."""
    say("first", hung_up)
    print("second", file=hung_up, flush=True)
    assert os.readlink(f"/proc/self/fd/{hung_up.fileno()}") == os.devnull  # noqa: PTH115 - a link of the kernel's


def test_stream_of_others_lasts_when_the_terminal_does_not(hung_up: TextIO) -> None:
    """A progress bar that draws by itself, and asks its stream what it is."""
    lasting = Lasting(hung_up)
    assert lasting.write("bar\n") == 4
    lasting.flush()
    assert lasting.write("bar\n") == 4
    assert lasting.encoding == hung_up.encoding


def test_line_arrives_where_somebody_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """The usual case."""
    say("hello", sys.stdout)
    Lasting(sys.stderr).write("world\n")
    assert tuple(capsys.readouterr()) == ("hello\n", "world\n")


def test_what_a_gone_terminal_was_not_told_does_not_fail_the_end(
    hung_up: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would exit with 120 because its last flush fails."""
    with suppress(OSError):
        print("a log line", file=hung_up)
    monkeypatch.setattr(sys, "stderr", hung_up)
    settle()
    hung_up.flush()
    assert os.readlink(f"/proc/self/fd/{hung_up.fileno()}") == os.devnull  # noqa: PTH115 - a link of the kernel's
