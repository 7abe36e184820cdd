"""What stands on a command line, for argparse: with words for who has mistyped it.

All raise ``argparse.ArgumentTypeError``.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def filled(text: str) -> str:
    """Anything but the nothing that a variable without a value leaves."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def path(text: str) -> Path:
    """A path; an empty one would be the working directory."""
    return Path(filled(text))


def positive(text: str) -> int:
    """A whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return int(text)


def count(text: str) -> int:
    """A whole number from zero on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from zero on")
    return int(text)
