"""Faults in the text itself: strings, heredocs and comments that do not start or end right."""

from __future__ import annotations

import re
from typing import Any

from dropship.hcl import codes, scan
from dropship.hcl.diagnostics import error
from dropship.hcl.literals import short
from dropship.hcl.reading import Reading
from dropship.hcl.tokens import Opened

_HEREDOC = re.compile(r"<<-?(\w+)\r?\n")
_HEADS = ("HEAD", "KEY_HEAD")


def repair_text(reading: Reading, at: int) -> bool:
    """Tell and mend such a fault; False if there is none."""
    text = reading.text
    head = next((one for one in reading.machine.unfinished() if _kind(one) in _HEADS), None)
    if head is not None:
        reading.machine.cut(head)
        _unterminated_string(reading, head.start_pos, key=_kind(head) == "KEY_HEAD")
    elif text.startswith('"', at) and not scan.quoted(text, at):
        _unterminated_string(reading, at, key=reading.machine.accepts("KEY_STRING"))
    elif text.startswith("/*", at):
        _unterminated_comment(reading, at)
    elif text.startswith("<", at) and reading.machine.accepts("HEREDOC"):
        _heredoc(reading, at)
    else:
        return False
    return True


def _kind(value: Any) -> str:
    return getattr(value, "type", "")


def _unterminated_string(reading: Reading, at: int, *, key: bool) -> None:
    text = reading.text
    line = scan.line_end(text, at)
    reading.reaches_end(line)
    late = scan.late_quote(text, line)
    hint = 'add a "' if late == line else "write lines of text as a heredoc, <<END"
    reading.note(error(codes.UNTERMINATED_STRING, "this string does not end on its line",
                       reading.span(at, line), suggestion=hint))  # fmt: skip
    end = _meant_end(reading, at, line, key=key) if late == line else late
    inside = text[at + 1 : end].strip()
    if key and not inside and at and not text[at - 1].isspace():
        reading.machine.move(end)  # the quote that ends a label which has none in front
    elif key:
        reading.key("KEY_STRING", at, end, inside)
    else:
        reading.value("STRING", at, end, inside)


def _meant_end(reading: Reading, at: int, end: int, *, key: bool) -> int:
    """Where the string was likely meant to end: in front of the brackets that end the line."""
    text = reading.text
    tail = re.compile(r"[\s,\]})]*\Z" if not key else r"\s*\{?\s*\}?\Z").search(text, at + 1, end)
    wanted = _wanted(reading, at, key=key)
    if tail and wanted and wanted in tail.group():
        end = tail.start()
    return end


def _wanted(reading: Reading, at: int, *, key: bool) -> str:
    """What must still come on this line for it to make sense."""
    if key:
        return "{"
    unfinished = reading.machine.unfinished()
    if any(_kind(one) == "CALL" or (type(one) is list and _kind(one[0]) == "CALL")
           for one in unfinished):  # fmt: skip
        return ")"
    opened = [one for one in unfinished if isinstance(one, Opened)]
    if opened:
        same = "\n" not in reading.text[opened[-1].start : at]
        return "]" if same else ","
    body = reading.machine.open()[-1:]
    same = bool(body and body[0].brace) and "\n" not in reading.text[body[0].start : at]
    return "}" if same else ""


def _unterminated_comment(reading: Reading, at: int) -> None:
    reading.note(error(codes.UNTERMINATED_COMMENT, "this comment is never closed",
                       reading.span(at, at + 2), suggestion="add a */"))  # fmt: skip
    line = scan.line_end(reading.text, at)
    header = reading.machine.accepts("LBRACE") and not reading.machine.accepts("LBRACK")
    reading.machine.move(scan.brackets_behind(reading.text, min(at + 2, line), line, header=header))


def _heredoc(reading: Reading, at: int) -> None:
    text = reading.text
    header = _HEREDOC.match(text, at)
    line = scan.line_end(text, at)
    word = header[1] if header else _anchor(text, at, line)
    found = scan.terminator(text, line, word)
    likely = reading.heredocs.likely_end(at)
    if found and found.start() > likely:
        found = None
    span = reading.span(at, line)
    if header:
        hint = f"write {short(word)} alone on a line, nothing behind it" if found else None
        reading.note(error(codes.UNTERMINATED_HEREDOC, f"no line ends this heredoc: {short(word)}", span,
                           suggestion=hint or f"add a line {short(word)}"))  # fmt: skip
    else:
        reading.note(error(codes.BAD_HEREDOC, "a heredoc starts with << and one word", span,
                           suggestion=f"write <<{short(word) or 'END'}"))  # fmt: skip
    end = found.end() if found else likely
    reading.value("STRING", at, end, "")
    if end == len(text):
        reading.stop()


def _anchor(text: str, at: int, end: int) -> str:
    """The word of a heredoc that does not start right: one that a line further on repeats."""
    words = re.compile(r"\w+").findall(text, at, end)
    return next((word for word in words if scan.terminator(text, end, word)), "".join(words[:1]))
