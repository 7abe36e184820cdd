"""What a string, a heredoc or a number is worth: the rules of version 1, text in, value out.

Nothing here knows of files or positions but as offsets into the text it is given.
"""

from __future__ import annotations

import math
import re

_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", '"': '"',
}  # fmt: skip
# Compiled with the first escape, or integer in a string, that there is.
_ESCAPE = (
    r"\\(?:([abfnrtv\\\"])|([0-3][0-7]{2})|x([0-9a-fA-F]{2})"
    r"|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(/))"
)
# Inside of "${…}" an escape only has to look like one: it is kept as it is written.
_KEPT = r"\\(?:[abfnrtv\\\"]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_BYTES = re.compile("[\udc80-\udcff]+")
_REPLACEMENT = "\ufffd"
# Longer numbers are not numbers that anybody means; Python refuses to print them, too.
_LONGEST_NUMBER = 400
INT64 = range(-(2**63), 2**63)
_BRACE = re.compile(r"[{}]")
# Version 1 takes neither a sign nor an exponent with a number that starts with its point.
_NUMBER = re.compile(
    r"(-?)(?:(0[xX][0-9a-fA-F]+)|(0[0-7]*|[1-9][0-9]*)"
    r"|([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|(?<!-)\.[0-9]+))\Z"
)
# What Go's strconv.ParseInt makes of a string if it is to find the base by itself.
_INTEGER = (
    r"([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)"
    r"|(0|[1-9](?:_?[0-9])*))\Z"
)


def short(text: str) -> str:
    """The text as a message shows it: on one line, and not a page of it."""
    cut = text.partition("\n")[0][:40]
    shown = "".join(c if c.isprintable() else _REPLACEMENT for c in cut)
    return shown if cut == text else f"{shown}…"


def unquote(raw: str) -> tuple[str, list[tuple[int, int]]]:
    """The value of an HCL string, and the escapes in it that version 1 refuses.

    ``raw`` is what stands between the quotes. ``${…}`` stays to the letter, escapes in it
    included; CRLF is LF. A refused escape stays as it is written, and is given as a pair of
    offsets into ``raw``.
    """
    if "\\" not in raw:
        return raw.replace("\r\n", "\n"), []
    faults: list[tuple[int, int]] = []
    parts: list[str] = []
    at = 0
    while (opening := raw.find("${", at)) >= 0:
        parts.append(_unescape(raw, at, opening, faults))
        at = template_end(raw, opening + 2)
        faults += _strange(raw, opening, at)
        # Only here can a string hold a newline.
        parts.append(raw[opening:at].replace("\r\n", "\n"))
    parts.append(_unescape(raw, at, len(raw), faults))
    return _BYTES.sub(_decoded, "".join(parts)), faults


def unquote_json(raw: str) -> tuple[str, list[tuple[int, int]]]:
    r"""The value of a JSON string: as ``unquote``, but as JSON has it.

    ``\/`` and pairs of surrogates are understood, and ``${…}`` is no exception.
    """
    faults: list[tuple[int, int]] = []
    if "\\" in raw:
        raw = _BYTES.sub(_decoded, _unescape(raw, 0, len(raw), faults, json=True))
    return raw, faults


def template_end(text: str, at: int) -> int:
    """The offset behind the ``}`` that closes the ``${`` whose inside starts at ``at``.

    The text's length if nothing closes it.
    """
    depth = 1
    for brace in _BRACE.finditer(text, at):
        depth += 1 if brace.group() == "{" else -1
        if not depth:
            return brace.end()
    return len(text)


def _unescape(
    raw: str, start: int, end: int, faults: list[tuple[int, int]], *, json: bool = False
) -> str:
    parts: list[str] = []
    while (at := raw.find("\\", start, end)) >= 0:
        parts.append(raw[start:at])
        match = re.compile(_ESCAPE).match(raw, at, end)
        value = _escaped(match, json=json) if match else None
        if match is None or value is None:
            start = min(at + 2, end)
            faults.append((at, start))
            value = raw[at:start]
        else:
            start = match.end()
        parts.append(value)
    parts.append(raw[start:end])
    return "".join(parts)


def _strange(raw: str, start: int, end: int) -> list[tuple[int, int]]:
    faults = []
    while (at := raw.find("\\", start, end)) >= 0:
        match = re.compile(_KEPT).match(raw, at, end)
        start = match.end() if match else min(at + 2, end)
        if match is None:
            faults.append((at, start))
    return faults


def _escaped(match: re.Match[str], *, json: bool) -> str | None:
    simple, octal, byte, high, low, short, long, slash = match.groups()
    if simple:
        return _SIMPLE[simple]
    if octal or byte:
        return _byte(int(octal, 8) if octal else int(byte, 16))
    if slash:
        return "/" if json else None
    if high:
        pair = chr(0x10000 + ((int(high, 16) & 0x3FF) << 10 | int(low, 16) & 0x3FF))
        return pair if json else 2 * _REPLACEMENT  # version 1 knows of no pairs
    code = int(short or long, 16)
    if 0xD800 <= code <= 0xDFFF:
        return _REPLACEMENT
    return chr(code) if code <= 0x10FFFF else None


def _byte(value: int) -> str:
    # \xHH and \ooo are bytes, not characters: "\xc3\xa9" is one é. Bytes above 127 travel as
    # Python's stand-ins for undecodable bytes until the whole string is put together.
    return chr(value) if value < 0x80 else chr(0xDC00 + value)


def _decoded(match: re.Match[str]) -> str:
    text = match.group().encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return _BYTES.sub(lambda rest: _REPLACEMENT * len(rest.group()), text)


def heredoc(raw: str) -> str:
    """The value of a heredoc, from its ``<<`` to its terminator.

    As version 1 has it: in front of the terminator its indentation stays in the value of ``<<X``;
    ``<<-X`` takes that indentation off every line if every line has it, empty ones included,
    and off none otherwise.
    """
    raw = raw.replace("\r\n", "\n").rstrip("\r")
    head, _, rest = raw.partition("\n")
    indented = head[2] == "-"
    anchor = head[3 if indented else 2 :].rstrip("\r")
    text = rest[: len(rest) - len(anchor)]
    if not indented:
        return text
    lines = text.split("\n")
    indent = lines.pop()
    if not all(line.startswith(indent) for line in lines):
        return text[:-1].rstrip(" \t")  # to the letter: an indentation may hold a form feed
    return "".join(line[len(indent) :] + "\n" for line in lines)


def number(text: str) -> int | float | None:
    """The value of a number, or None for what only starts like one (``10s``, ``1_000``, ``09``)."""
    match = _NUMBER.match(text)
    if match is None:
        return None
    sign, hexadecimal, integer, decimal = match.groups()
    if decimal:
        return None if decimal.isdigit() else float(text)
    if len(text) > _LONGEST_NUMBER and len(text.lstrip("-0xX")) > _LONGEST_NUMBER:
        return -math.inf if sign else math.inf
    base = 16 if hexadecimal else 8 if integer[0] == "0" else 10
    value = int(hexadecimal or integer, base)
    return -value if sign else value


def integer(text: str) -> int | None:
    """The integer that a string holds, as version 1 reads one where an integer was before.

    None where it holds none, or one that 64 bits cannot hold.
    """
    match = re.match(_INTEGER, text)
    if match is None or len(text) > _LONGEST_NUMBER:
        return None
    sign, *digits = match.groups()
    found = next(
        int(one.replace("_", ""), base)
        for one, base in zip(digits, (16, 2, 8, 10), strict=True)
        if one
    )
    value = -found if sign == "-" else found
    return value if value in INT64 else None
