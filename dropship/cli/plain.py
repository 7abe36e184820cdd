"""Text from elsewhere (names, errors, output of hooks), made fit to be shown.

A terminal does what control characters say: move, clear, rename its window, answer as if somebody
had typed. So nothing that a store, a hook or another host may have written gets there as it is.
"""

from __future__ import annotations


def one_line(text: str) -> str:
    """``text`` on one line, each stretch of white space a single space, and as ``seen``."""
    return seen(" ".join(text.split()))


def seen(text: str) -> str:
    """``text`` with what cannot be seen escaped as Python does.

    That is control characters, those that turn the direction of text around, and lone surrogates,
    which no terminal's encoding has.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
