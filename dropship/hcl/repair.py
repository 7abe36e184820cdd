"""What is wrong where the grammar stops, and how to go on: the faults of HCL.

Each repair notes one fault, then either makes up what is missing, takes what stands there for
what was meant, or drops the item and moves to the next one.
"""

from __future__ import annotations

import re
from typing import Any

from dropship.hcl import codes, faults, repair_value, scan
from dropship.hcl.ast import Key, StringValue
from dropship.hcl.diagnostics import error
from dropship.hcl.guide import header_keys
from dropship.hcl.literals import short
from dropship.hcl.reading import Reading
from dropship.hcl.repair_text import repair_text
from dropship.hcl.tokens import Opened

_CLOSERS = {"]": "[", ")": "(", "}": "{"}


def repair(reading: Reading, at: int) -> None:
    """Tell the fault at this offset, and mend it or pass over it."""
    settled = reading.machine.settle(at)
    if at in reading.layout.strays:
        _stray(reading, at)
        return
    if at in reading.guide.headless and not reading.machine.unfinished():
        _headless(reading, at)
        return
    if repair_text(reading, at):
        return
    unfinished = reading.machine.unfinished()
    if not unfinished:
        _between_items(reading, at, settled=settled)
    elif repair_value.in_call(unfinished):
        repair_value.in_arguments(reading, at, unfinished)
    elif any(isinstance(value, Opened) for value in unfinished):
        repair_value.in_list(reading, at, unfinished, settled=settled)
    elif header_keys(unfinished) and len(unfinished) > len(_key_entries(unfinished)):
        repair_value.for_value(reading, at, unfinished)
    else:
        _behind_keys(reading, at, header_keys(unfinished))


def finish(reading: Reading) -> None:
    """Tell what the end of the text cuts off."""
    end = len(reading.text)
    if repair_text(reading, end):
        return
    unfinished = reading.machine.unfinished()
    opener = next((one for one in reversed(unfinished) if isinstance(one, Opened)), None)
    if opener is not None:
        faults.unclosed(reading, opener.start)
    elif repair_value.in_call(unfinished):
        call = repair_value.call_of(unfinished)
        faults.unclosed(reading, call.start_pos + call.index("("))
    else:
        faults.no_value(reading, header_keys(unfinished))
    reading.skip(end, end)
    reading.stop()


def _stray(reading: Reading, at: int) -> None:
    span = reading.span(at, at + 1)
    reading.note(error(codes.STRAY_CLOSER, "nothing opened this }", span))
    reading.machine.move(at + 1)


def _headless(reading: Reading, at: int) -> None:
    """A block whose first line is missing: the lines in it tell no other fault."""
    faults.unexpected(reading, at, "the line that opens this block is missing")
    reading.guide.headless.discard(at)
    reading.key("NAME", at, at, "")
    reading.machine.feed("LBRACE", "{", at, width=0)
    reading.machine.move(at)


# ---- Between items ----


def _between_items(reading: Reading, at: int, *, settled: bool) -> None:
    text, here = reading.text, reading.text[at]
    if here in _CLOSERS:
        _closer(reading, at)
    elif here in ";,":
        reading.note(error(codes.UNEXPECTED, f"{here} cannot stand here", reading.span(at, at + 1),
                           suggestion=f"remove the {here}"))  # fmt: skip
        reading.machine.move(at + 1)
    elif here == "=":
        faults.unexpected(reading, at, "a key is expected")
        reading.key("NAME", at, at, "")
    elif here == "{":
        _block_without_name(reading, at, settled=settled)
    elif scan.word(text, at) in ("true", "false") and scan.header(text, at):
        _keyword_as_key(reading, at)
    elif at and text[at - 1] == '"':
        _behind_string(reading, at)
    elif not faults.odd(reading, at, "a key is expected"):
        faults.unexpected(reading, at, "a key is expected")
        reading.skip(at, reading.guide.next_item(at))


def _closer(reading: Reading, at: int) -> None:
    here = reading.text[at]
    if here == "]" and reading.machine.in_list():
        faults.unclosed(reading, reading.machine.open()[-1].start)
        reading.machine.feed("RBRACE", "}", at, width=0)
        reading.machine.move(at)
        return
    fault = error(codes.STRAY_CLOSER, f"nothing opened this {here}", reading.span(at, at + 1))
    if here != "}" or not reading.layout.depths:
        reading.note(fault)
    else:
        reading.keep_back(fault)
    if at in reading.layout.closers:  # likely meant for a }
        reading.machine.feed("RBRACE", "}", at)
    reading.machine.move(at + 1)


def _block_without_name(reading: Reading, at: int, *, settled: bool) -> None:
    span = reading.span(at, at + 1)
    body = reading.machine.open()[-1:]
    item = body[0][-1] if settled and body and body[0] else None
    if item is not None and isinstance(item.value, StringValue):
        fault = error(codes.BLOCK_AFTER_VALUE, "a block cannot stand behind a value", span,
                      suggestion=f"write {short(item.keys[0].text)} without the =")  # fmt: skip
    else:
        fault = error(codes.UNEXPECTED, "a block needs a name", span)
    reading.note(fault)
    reading.machine.move(reading.guide.block_end(at))


def _keyword_as_key(reading: Reading, at: int) -> None:
    word = scan.word(reading.text, at)
    span = reading.span(at, at + len(word))
    reading.note(error(codes.UNEXPECTED, f"{word} cannot be a key", span,
                       suggestion=f'write "{word}" in quotes'))  # fmt: skip
    reading.key("NAME", at, at + len(word), word)


def _behind_string(reading: Reading, at: int) -> None:
    faults.behind_string(reading, at, at + len(scan.word(reading.text, at)))
    reading.skip(at, reading.guide.next_item(scan.line_end(reading.text, at)))


# ---- Behind keys ----


def _behind_keys(reading: Reading, at: int, keys: list[Key]) -> None:
    text, here = reading.text, reading.text[at]
    if reading.guide.lacks_brace():
        _missing_opener(reading, at, keys)
    elif here == "=":
        _many_keys(reading, at, keys)
    elif here == ":" and reading.machine.accepts("EQ"):
        _colon(reading, at)
    elif at in reading.layout.depths and here != "}":
        faults.no_value(reading, keys)
        reading.skip(at, at)
    elif (
        repair_value.VALUE.match(text, at) and reading.machine.accepts("EQ") and _alone(reading, at)
    ):
        reading.note(error(codes.UNEXPECTED, "there is no = in front of this value",
                           reading.span(at, at + len(scan.word(text, at)))))  # fmt: skip
        reading.machine.feed("EQ", "=", at, width=0)
        reading.machine.move(at)
    elif here not in "{}" and faults.odd(reading, at, "= or { is expected"):
        pass
    elif here in "},;])":
        faults.no_value(reading, keys)
        reading.skip(at, at + (here != "}"))
    else:
        faults.unexpected(reading, at, "= or { is expected")
        reading.skip(at, reading.guide.next_item(at))


def _missing_opener(reading: Reading, at: int, keys: list[Key]) -> None:
    """A header without its brace; on one line with its content one key too many was read."""
    span = reading.span(keys[0].span.start, keys[-1].span.end)
    reading.note(error(codes.UNEXPECTED, "there is no { behind this header", span), sure=True)
    if reading.text[at] == "=" and len(keys) > 1:
        at = keys[-1].span.start
        reading.machine.drop()
        for key in keys[:-1]:
            reading.key(
                "KEY_STRING" if key.quoted else "NAME", key.span.start, key.span.end, key.text
            )
    reading.machine.feed("LBRACE", "{", at, width=0)
    reading.machine.move(at)


def _alone(reading: Reading, at: int) -> bool:
    return "{" not in reading.text[at : scan.line_end(reading.text, at)]


def _many_keys(reading: Reading, at: int, keys: list[Key]) -> None:
    text = reading.text
    *others, last = keys
    if "\n" in text[others[-1].span.end : last.span.start]:
        faults.no_value(reading, others)
        reading.skip(0, last.span.start)
        return
    block = re.compile(r"=\s*\{").match(text, at)
    names = short(" ".join(key.text for key in others))
    reading.note(error(codes.LABELS_AND_EQUALS, "only one key can stand in front of =",
                       reading.span(keys[0].span.start, at + 1),
                       suggestion="remove the =" if block
                       else f"write {names} {{ {short(last.text)} = … }}"))  # fmt: skip
    if block:
        reading.machine.move(at + 1)
    else:
        reading.skip(at, reading.guide.next_item(at))


def _colon(reading: Reading, at: int) -> None:
    width = 2 if reading.text.startswith(":=", at) else 1
    sign = reading.text[at : at + width]
    reading.note(error(codes.COLON_FOR_EQUALS, f"{sign} cannot stand between a key and its value",
                       reading.span(at, at + width), suggestion="write ="))  # fmt: skip
    reading.machine.feed("EQ", "=", at)
    reading.machine.move(at + width)


def _key_entries(unfinished: list[Any]) -> list[Any]:
    entries = []
    for value in unfinished:
        if not isinstance(value, Key) and type(value) is not list:
            break
        entries.append(value)
    return entries
