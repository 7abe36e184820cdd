"""What is wrong where the grammar stops, and how to go on: the faults of JSON."""

from __future__ import annotations

import re
from typing import Any

from dropship.hcl import codes, faults, scan
from dropship.hcl.ast import Key
from dropship.hcl.diagnostics import error, warning
from dropship.hcl.guide import header_keys
from dropship.hcl.literals import short
from dropship.hcl.reading import Reading
from dropship.hcl.tokens import Opened

_VALUE = re.compile(r'["\-.0-9\[{]|(?:true|false|null)\b')


def repair(reading: Reading, at: int) -> None:
    """Tell the fault at this offset, and mend it or pass over it."""
    settled = reading.machine.settle(at)
    unfinished = reading.machine.unfinished()
    if not reading.machine.open():
        _behind_document(reading, at)
    elif reading.text.startswith('"', at) and not scan.quoted(reading.text, at):
        _unterminated_string(reading, at)
    elif reading.text.startswith("/*", at):
        _unterminated_comment(reading, at)
    elif settled and reading.text[at - 1] == '"':
        _behind_string(reading, at)
    elif settled and _VALUE.match(reading.text, at) and not header_keys(unfinished[-1:]):
        _missing_comma(reading, at)
    elif any(isinstance(value, Opened) for value in unfinished):
        _in_list(reading, at, unfinished)
    elif not unfinished:
        _for_key(reading, at)
    elif isinstance(unfinished[-1], Key) or type(unfinished[-1]) is list:
        _behind_key(reading, at)
    else:
        _for_value(reading, at, "a value is expected")


def finish(reading: Reading) -> None:
    """Tell what the end of the text cuts off."""
    end = len(reading.text)
    unfinished = reading.machine.unfinished()
    opener = next((one for one in reversed(unfinished) if isinstance(one, Opened)), None)
    if opener is not None:
        faults.unclosed(reading, opener.start)
    else:
        faults.no_value(reading, header_keys(reading.machine.unfinished()))
    reading.skip(end, end)
    reading.stop()


def _behind_document(reading: Reading, at: int) -> None:
    end = scan.line_end(reading.text, at)
    reading.note(warning(codes.AFTER_JSON, "what stands behind the JSON document is not read",
                         reading.span(at, max(end, at + 1))))  # fmt: skip
    reading.stop()


def _unterminated_string(reading: Reading, at: int) -> None:
    text = reading.text
    end = scan.line_end(text, at)
    reading.note(error(codes.UNTERMINATED_STRING, "this string does not end on its line",
                       reading.span(at, end), suggestion='add a "'))  # fmt: skip
    reading.reaches_end(end)
    tail = re.compile(r"[\s,\]}]*\Z").search(text, at + 1, end)
    end = tail.start() if tail else end
    inside = text[at + 1 : end]
    if not reading.key("JSON_KEY", at, end, inside):
        reading.value("JSON_STRING", at, end, inside)
    if re.compile(r"\s*\"").match(text, end):  # the comma is lost with the quote
        reading.machine.settle(end)


def _unterminated_comment(reading: Reading, at: int) -> None:
    reading.note(error(codes.UNTERMINATED_COMMENT, "this comment is never closed",
                       reading.span(at, at + 2), suggestion="remove it, JSON has none"))  # fmt: skip
    reading.skip(at, len(reading.text))
    reading.stop()


def _behind_string(reading: Reading, at: int) -> None:
    faults.behind_string(reading, at, at + len(scan.word(reading.text, at)))
    _pass_over(reading, scan.line_end(reading.text, at))


def _missing_comma(reading: Reading, at: int) -> None:
    reading.note(error(codes.MISSING_COMMA, "there is no comma in front of this",
                       reading.span(at, at + len(scan.word(reading.text, at))),
                       suggestion="add a ,"))  # fmt: skip
    reading.machine.move(at)


def _for_key(reading: Reading, at: int) -> None:
    text, here = reading.text, reading.text[at]
    if here == "]" and reading.machine.in_list():
        faults.unclosed(reading, reading.machine.open()[-1].start)
        reading.machine.feed("RBRACE", "}", at, width=0)
        reading.machine.move(at)
        return
    if here in "]),;":
        _stray(reading, at)
        return
    end = scan.single_quoted(text, at)
    if end == at and re.match(r"\w", here):
        end = at + len(scan.word(text, at))
    if end == at:
        faults.unexpected(reading, at, "a key is expected")
        _pass_over(reading, at)
        return
    name = text[at:end].strip("'")
    code = codes.SINGLE_QUOTES if here == "'" else codes.BARE_VALUE
    reading.note(error(code, "keys stand in double quotes", reading.span(at, end),
                       suggestion=f'write "{short(name)}"'))  # fmt: skip
    reading.key("JSON_KEY", at, end, name)


def _stray(reading: Reading, at: int) -> None:
    text, here = reading.text, reading.text[at]
    closer = here in "])"
    code = codes.STRAY_CLOSER if closer else codes.UNEXPECTED
    reading.lost += closer
    reading.note(error(code, f"{here} cannot stand here", reading.span(at, at + 1),
                       suggestion=f"remove the {here}"))  # fmt: skip
    rest = text[at + 1 :].lstrip()
    comma = closer and rest.startswith(",")
    reading.machine.move(len(text) - len(rest) + comma)


def _behind_key(reading: Reading, at: int) -> None:
    here = reading.text[at]
    if here == "=":
        reading.note(error(codes.UNEXPECTED, "= cannot stand here, : is expected",
                           reading.span(at, at + 1), suggestion="write :"))  # fmt: skip
        reading.machine.feed("COLON", ":", at)
        reading.machine.move(at + 1)
    elif here in ",}":
        faults.no_value(reading, header_keys(reading.machine.unfinished()))
        _pass_over(reading, at)
    else:
        faults.unexpected(reading, at, ": is expected")
        _pass_over(reading, at)


def _in_list(reading: Reading, at: int, unfinished: list[Any]) -> None:
    opened = [value for value in unfinished if isinstance(value, Opened)]
    if reading.text[at] == "}":
        faults.unclosed(reading, opened[-1].start)
        for _ in opened:
            reading.machine.feed("RBRACK", "]", at, width=0)
        reading.machine.move(at)
    else:
        _for_value(reading, at, "an element or ] is expected")


def _for_value(reading: Reading, at: int, expected: str) -> None:
    text, here = reading.text, reading.text[at]
    if here in ",}":
        faults.no_value(reading, header_keys(reading.machine.unfinished()))
        _pass_over(reading, at)
        return
    end = scan.single_quoted(text, at)
    if end > at:
        fault = error(codes.SINGLE_QUOTES, "strings stand in double quotes", reading.span(at, end),
                      suggestion=f'write "{short(text[at + 1 : end - 1])}"')  # fmt: skip
    elif re.match(r"[\w/.~$\-]", here) and (end := scan.bare(text, at)) > at:
        fault = error(codes.BARE_VALUE, f"{short(text[at:end])} is not in quotes",
                      reading.span(at, end), suggestion=f'write "{short(text[at:end])}"')  # fmt: skip
    else:
        faults.unexpected(reading, at, expected)
        _pass_over(reading, at)
        return
    reading.note(fault)
    reading.value("JSON_STRING", at, end, text[at:end].strip("'"))


def _pass_over(reading: Reading, at: int) -> None:
    """Drop the member and go on with the next one, or the end of the object."""
    lists = sum(isinstance(one, Opened) for one in reading.machine.unfinished())
    place = scan.next_member(reading.text, at, lists)
    reading.skip(at, place)
    if reading.text.startswith(",", place) and not reading.machine.accepts("COMMA"):
        place += 1
    reading.machine.move(place)
