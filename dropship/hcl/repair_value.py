"""What is wrong in an attribute's value, and how to go on: bare words, lists, calls."""

from __future__ import annotations

import re
from typing import Any

from dropship.hcl import codes, faults, scan
from dropship.hcl.diagnostics import error
from dropship.hcl.guide import header_keys
from dropship.hcl.literals import short
from dropship.hcl.reading import Reading
from dropship.hcl.tokens import Opened

VALUE = re.compile(r'["\-.0-9\[{]|<<|(?:true|false)\b|(?:env|file)[ \t]*\(')
_BARE_START = re.compile(r"[\w/.~$@%*&|+<\-]")


def for_value(reading: Reading, at: int, unfinished: list[Any]) -> None:
    """The fault behind a key and its equals sign."""
    text, here = reading.text, reading.text[at]
    equals = unfinished[-1].start_pos
    later = "\n" in text[equals:at]
    if not later and here not in "'{}" and faults.odd(reading, at, "a value is expected"):
        return
    if here in "},;])" or (later and scan.header(text, at)):
        faults.no_value(reading, header_keys(unfinished))
        reading.skip(at, at + (here in ",;])"))
    elif here == "'":
        _single_quoted(reading, at)
    elif not later and _BARE_START.match(here):
        _bare_value(reading, at)
    else:
        faults.unexpected(reading, at, "a value is expected")
        reading.skip(at, reading.guide.next_item(at))


def _bare_value(reading: Reading, at: int) -> None:
    text = reading.text
    end = scan.bare(text, at)
    line = scan.line_end(text, at)
    rest = text[end:line].lstrip()
    if rest.startswith("("):
        _unknown_function(reading, at, end, line)
        return
    follows = re.compile(r"""[^\s={}#,;"']+\s*=|[={}#,;"']|//""").match(rest)
    if not follows and not re.search(r"[{}#]|//|=", rest):
        end = line
    _note_bare(reading, at, end)
    reading.value("STRING", at, end, text[at:end])
    if rest[:1] and rest[0] in "={":
        reading.machine.settle(end)
        reading.machine.move(reading.guide.next_item(end))


def _unknown_function(reading: Reading, at: int, end: int, line: int) -> None:
    name = reading.text[at:end]
    reading.note(error(codes.BAD_CALL, f"there is no function {short(name)}", reading.span(at, end),
                       suggestion="there are env() and file()"))  # fmt: skip
    reading.value("STRING", at, line, reading.text[at:line])


def _note_bare(reading: Reading, start: int, end: int) -> None:
    text = short(reading.text[start:end])
    boolean = _boolean(text)
    reading.note(error(codes.BARE_VALUE,
                       f"{text} is not a boolean" if boolean else f"{text} is not in quotes",
                       reading.span(start, end),
                       suggestion=boolean or f'write "{text}"'))  # fmt: skip


def _boolean(text: str) -> str | None:
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    word = text.lower()
    word = meant.get(word, word)
    return f"write {word}" if word in ("true", "false") else None


def _single_quoted(reading: Reading, at: int) -> None:
    text = reading.text
    end = scan.single_quoted(text, at)
    if end == at:  # not closed on its line: up to the brackets that end the line
        line = scan.line_end(text, at)
        end = at + len(text[at:line].rstrip(" \t,]})"))
    reading.note(error(codes.SINGLE_QUOTES, "strings stand in double quotes",
                       reading.span(at, end),
                       suggestion=f'write "{short(text[at:end].strip(chr(39)))}"'))  # fmt: skip
    reading.value("STRING", at, end, text[at:end].strip("'"))


# ---- In lists and calls ----


def in_list(reading: Reading, at: int, unfinished: list[Any], *, settled: bool) -> None:
    """The fault in a list."""
    text, here = reading.text, reading.text[at]
    opened = [value for value in unfinished if isinstance(value, Opened)]
    if here == "}" or scan.header(text, at):
        faults.unclosed(reading, opened[-1].start)
        for _ in opened:
            reading.machine.feed("RBRACK", "]", at, width=0)
        reading.machine.move(at)
    elif settled and VALUE.match(text, at):
        reading.note(error(codes.MISSING_COMMA, "there is no comma in front of this element",
                           reading.span(at, at + len(scan.word(text, at))),
                           suggestion="add a ,"))  # fmt: skip
        reading.machine.move(at)
    elif here == "'":
        _single_quoted(reading, at)
    elif faults.odd(reading, at, "an element or ] is expected"):
        pass
    elif _BARE_START.match(here) and (end := scan.bare(text, at)) > at:
        _note_bare(reading, at, end)
        reading.value("STRING", at, end, text[at:end])
    else:
        faults.unexpected(reading, at, "an element or ] is expected")
        reading.skip(at, reading.guide.next_item(at))


def in_call(unfinished: list[Any]) -> bool:
    """Whether a call is among what is unfinished."""
    return any(_is_call(value) for value in unfinished)


def _is_call(value: Any) -> bool:
    if type(value) is list:
        return bool(value) and _is_call(value[0])
    return getattr(value, "type", "") == "CALL"


def call_of(unfinished: list[Any]) -> Any:
    """The token that opens the call: ``env(``."""
    value = next(value for value in unfinished if _is_call(value))
    return value[0] if type(value) is list else value


def in_arguments(reading: Reading, at: int, unfinished: list[Any]) -> None:
    """The fault between a call's parentheses."""
    text, call = reading.text, call_of(unfinished)
    function = call.partition("(")[0].rstrip()
    line = scan.line_end(text, at)
    end = text.find(")", at, line) + 1
    if scan.opens_line(text, at) or text[at] in "}],":
        faults.unclosed(reading, call.start_pos + call.index("("))
        reading.skip(at, reading.guide.next_item(at))
    else:
        word = text[at : scan.bare(text, at)]
        reading.note(error(codes.BAD_CALL, f"{function}() takes strings in quotes",
                           reading.span(call.start_pos, end or line),
                           suggestion=f'write {function}("{short(word) or "…"}")'))  # fmt: skip
        reading.skip(at, end or line)
