"""The faults that more than one repair tells."""

from __future__ import annotations

import re

from dropship.hcl import codes, scan
from dropship.hcl.ast import Key
from dropship.hcl.diagnostics import error
from dropship.hcl.literals import short
from dropship.hcl.reading import Reading

_ODD = re.compile(r"""(?!<<)[^\w\s"'{}\[#]{1,5}[ \t]*""")
_STARTS = (
    ((), re.compile(r"\s")),
    (("EQ",), re.compile("=")),
    (("LBRACE",), re.compile(r"\{")),
    (("LBRACK",), re.compile(r"\[")),
    (("STRING", "KEY_STRING"), re.compile('"')),
    (("HEREDOC",), re.compile(r"<<-?\w")),
    (("NAME",), re.compile(r"[^\W\d]")),
)


def unclosed(reading: Reading, at: int) -> None:
    """The bracket here has no partner."""
    opener = reading.text[at]
    closer = {"[": "]", "(": ")", "{": "}"}[opener]
    reading.note(error(codes.UNCLOSED, f"{opener} is never closed", reading.span(at, at + 1),
                       suggestion=f"add a {closer}"))  # fmt: skip


def unexpected(reading: Reading, at: int, expected: str) -> None:
    """The word here fits nothing; ``expected`` says what would."""
    word = scan.word(reading.text, at)
    shown = word if word.isprintable() else f"character U+{ord(word[0]):04X}"
    reading.note(error(codes.UNEXPECTED, f"{short(shown)} cannot stand here, {expected}",
                       reading.span(at, at + len(word))))  # fmt: skip


def odd(reading: Reading, at: int, expected: str) -> bool:
    """Pass over odd characters behind which the line goes on as it may; False if there are none."""
    run = _ODD.match(reading.text, at)
    for rest in range(at + 1, run.end() + 1 if run else 0):
        kinds = next((kinds for kinds, start in _STARTS if start.match(reading.text, rest)), ())
        if any(map(reading.machine.accepts, kinds)):
            break
    else:
        return False
    unexpected(reading, at, expected)
    reading.machine.move(rest)
    return True


def behind_string(reading: Reading, start: int, end: int) -> None:
    """Text that follows a quote at once: the quote was meant to be part of the string."""
    reading.note(error(codes.UNEXPECTED, "the string ended in front of this",
                       reading.span(start, end),
                       suggestion='write \\" for a quote inside of a string'))  # fmt: skip


def no_value(reading: Reading, keys: list[Key]) -> None:
    """Keys that neither a value nor a block belongs to."""
    text = reading.text
    start, end = keys[0].span.start, keys[-1].span.end
    if start and text[start - 1] == '"':
        behind_string(reading, start, end)
        return
    names = short(" ".join(key.text for key in keys))
    reading.note(error(codes.NO_VALUE, f"{names} has no value", reading.span(start, end)))
