"""Looks at a text around a fault: where lines, items, strings and braces seem to be.

Guesses only, to go on behind a fault; what a text means is the grammar's business.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

_HEADER = re.compile(
    r"""(?:[^\W\d][\w.\-]*|"[^"\n]*")(?:[ \t]+(?:[^\W\d][\w.\-]*|"[^"\n]*"))*[ \t]*[={:]"""
)
_INDENT = re.compile(r"[ \t]*")
_WORD = re.compile(r"[\w][\w.\-]*|.", re.DOTALL)
_BARE = re.compile(r"""[^\s{}\[\](),"'#=]+""")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_SINGLE = re.compile(r"'[^'\n]*'")
_HEREDOC = re.compile(r"<<-?(\w+)\r?\n")
# What may end a heredoc.
_LONE_WORD = re.compile(r"^[ \t\v\f\r]*(\w+)\r*$", re.MULTILINE)
# Also one that does not start right, which its own faults are told of.
_HEREDOC_LINE = re.compile(
    r"^[ \t]*[^\W\d][\w.\-]*[ \t]*=[ \t]*<{1,2}-?[ \t]*[\"']?(\w+)[\"']?\r?$", re.MULTILINE
)
# Lines of the configuration, hardly of a script: a key and a value, a block's header, a brace.
_OWN = re.compile(
    r"""^([ \t]*)(?:(\})[ \t\r]*$|[^\W\d][\w.\-]*(?:[ \t]+=[ \t]*["\[{\d<]|[ \t]+=[ \t]*(?:true|false|env|file)\b|(?:[ \t]+"[^"\n]*")*[ \t]*\{[ \t\r]*(?:$|[#/\w"])))""",
    re.MULTILINE,
)
_MARKS = re.compile(
    r'"(?:[^"\\\n]|\\[^\n])*"?|(?:#|//)[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?|[{}\[\],\n]'
)


def header(text: str, at: int) -> bool:
    """Whether an item's header stands here, and is the first on its line."""
    return opens_line(text, at) and _HEADER.match(text, at) is not None


def opens_line(text: str, at: int) -> bool:
    """Whether there is only white space before this offset on its line."""
    return not text[line_start(text, at) : at].strip()


def indent(text: str, at: int) -> int:
    """How far the line of this offset is indented, in characters."""
    start = line_start(text, at)
    match = _INDENT.match(text, start)
    return match.end() - start if match else 0


def line_start(text: str, at: int) -> int:
    """The start of the line of this offset."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """The end of the line of this offset, in front of its newline and white space."""
    end = text.find("\n", at)
    line = text[at : len(text) if end < 0 else end]
    return at + len(line.rstrip())


def word(text: str, at: int) -> str:
    """The word or character here; empty at the end."""
    match = _WORD.match(text, at)
    return match.group() if match else ""


def bare(text: str, at: int) -> int:
    """The end of the run of characters here that would be one word to a person."""
    match = _BARE.match(text, at)
    return match.end() if match else at


def quoted(text: str, at: int) -> bool:
    """Whether a string starts here and ends on its line."""
    return _QUOTED.match(text, at) is not None


def late_quote(text: str, at: int) -> int:
    """Behind the quote that ends, lines further on, a string with newlines in it.

    ``at`` is the end of its first line, and the answer where an item's line comes first.
    """
    quote = text.find('"', at)
    line = text.find("\n", at)
    while 0 <= line < quote:
        if header(text, _first_on_line(text, line + 1)):
            return at
        line = text.find("\n", line + 1)
    # A line with strings of its own holds an even number of quotes.
    even = text.count('"', max(at, line_start(text, quote)), line_end(text, quote)) % 2 == 0
    return at if quote < 0 or even else quote + 1


def single_quoted(text: str, at: int) -> int:
    """The end of a string in single quotes that starts here; ``at`` if there is none."""
    match = _SINGLE.match(text, at)
    return match.end() if match else at


def braces(text: str, at: int, end: int) -> Iterator[tuple[int, str]]:
    """The braces between two offsets, outside of strings and comments."""
    for mark in _MARKS.finditer(text, at, end):
        if mark.group() in "{}":
            yield mark.start(), mark.group()


def brackets_behind(text: str, at: int, end: int, *, header: bool) -> int:
    """Where the brackets start that end a line, which stretches to ``end``; ``end`` for none.

    Closers count if the line opened something, a ``{`` if it is a header's.
    """
    tail = re.compile(r"\s*\{?[\s\])}]*\Z" if header else r"[\s\])}]*\Z").search(text, at, end)
    rise = sum(1 if brace == "{" else -1 for _, brace in braces(text, line_start(text, at), at - 2))
    if tail and ("{" in tail.group() or (rise > 0 and "}" in tail.group())):
        return tail.start()
    return end


def next_member(text: str, at: int, depth: int) -> int:
    """As ``next_item`` for JSON: a ``,`` or ``}`` of the object around, ``depth`` levels up."""
    for mark in _MARKS.finditer(text, at):
        kind = mark.group()
        if kind in ("{", "["):
            depth += 1
        elif kind in ("}", "]"):
            if not depth:
                return mark.start()
            depth -= 1
        elif kind == "," and not depth:
            return mark.start()
    return len(text)


def block_end(text: str, at: int) -> int:
    """Behind what closes the ``{`` or ``[`` here; the text's length if nothing does."""
    depth = 0
    for mark in _MARKS.finditer(text, at):
        depth += (mark.group() in ("{", "[")) - (mark.group() in ("}", "]"))
        if not depth:
            return mark.end()
    return len(text)


def terminator(text: str, at: int, anchor: str) -> re.Match[str] | None:
    """The next line that holds this heredoc anchor alone, in any case, blanks around it."""
    if not anchor:
        return None
    pattern = re.compile(rf"^[ \t]*{re.escape(anchor)}[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
    return pattern.search(text, at)


class Heredocs:
    """Where the heredocs of a text end; its lines are looked at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[str, list[tuple[int, int]]] | None = None

    def end(self, at: int) -> int | None:
        """Behind the terminator of the heredoc that starts here; None if it lacks its own."""
        start = _HEREDOC.match(self._text, at)
        if start is None:
            return None
        if self._lines is None:
            self._lines = {}
            for line in _LONE_WORD.finditer(self._text):
                self._lines.setdefault(line[1], []).append(line.span())
        lines = self._lines.get(start[1], [])
        next_one = bisect_left(lines, (start.end(), 0))
        if next_one == len(lines):
            return None
        found, behind = lines[next_one]
        return None if swallows(self._text, at, found) else behind

    def likely_end(self, at: int) -> int:
        """As ``end``; without one, where it likely should be.

        That is in front of the first line that is indented no further than the line of the
        ``<<`` and looks like the configuration's own.
        """
        end = self.end(at)
        return _guessed_end(self._text, at) if end is None else end


def swallows(text: str, at: int, end: int) -> bool:
    """Whether a heredoc runs into the start of another one, as if its own end were missing."""
    start = _HEREDOC.match(text, at)
    lines = _HEREDOC_LINE.finditer(text, start.end(), end) if start else ()
    return any(start and one[1] == start[1] for one in lines)


def _guessed_end(text: str, at: int) -> int:
    limit = indent(text, at)
    for line in _OWN.finditer(text, line_end(text, at)):
        if len(line[1]) <= limit - (line[2] == "}"):
            return max(line.start() - 1, line_end(text, at))
    return len(text)


def _first_on_line(text: str, at: int) -> int:
    match = _INDENT.match(text, at)
    return match.end() if match else at
