"""What is printed, though nobody may be left to read it.

A terminal that hangs up (EIO) and a pipe whose reader has gone (EPIPE) must not end work that is
under way, nor turn its exit code into another. A stream that cannot be written any more leads
nowhere from then on, also for logging and for the interpreter's own last flush.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, TextIO


def say(words: str, stream: TextIO) -> None:
    """Print a line; it is lost if nobody is there."""
    try:
        print(words, file=stream, flush=True)
    except OSError:
        let_go(stream)


def settle() -> None:
    """Hand over what the standard streams still hold, or let go of those that are gone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # as it is where the descriptor was closed from the start
                stream.flush()
        except OSError:
            let_go(stream)


def let_go(stream: TextIO) -> None:
    """Let everything that is written to ``stream`` go nowhere, quietly."""
    # A stream without a descriptor has nothing to let go of: UnsupportedOperation is an OSError.
    with suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.dup2(null, stream.fileno())
        finally:
            os.close(null)


class Lasting:
    """A text stream for those that write by themselves: never fails, whoever has gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose it."""
        try:
            return self._stream.write(text)
        except OSError:
            let_go(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush, or lose it."""
        try:
            self._stream.flush()
        except OSError:
            let_go(self._stream)

    def __getattr__(self, name: str) -> Any:
        # Whether it is a terminal, its encoding, and so on.
        return getattr(self._stream, name)
