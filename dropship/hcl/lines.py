"""The lines of a text that may be faulty, and the braces on them that are likely meant.

Lines that start inside of a string, a comment or a heredoc are no lines here, nor are blank ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dropship.hcl.scan import Heredocs, header

_MARKS = re.compile(
    r'"(?:[^"\\$\n]|\\[^\n]|\$(?!\{)|\$\{[^{}"\\]*\})*"'
    # What people write where a string in double quotes belongs: "//" and "#" are no comments in it.
    r"|(?<=[=\[,])[ \t]*'[^'\n]*'|(?<==)[ \t]*\w+://[^\s}\"']*"
    r'|(?P<open>"(?:[^"\\\n]|\\[^\n])*"?)'
    r"|(?:#|//)[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|(?P<comment>/\*[^\n]*)"
    r"|(?P<heredoc><<-?\w+\r?\n)|[{}\[\]\n]"
)
_INDENT = re.compile(r"[ \t]*")
_RISE = {"{": 1, "}": -1, "]": 0}


@dataclass(slots=True)
class Line:
    """A line that starts outside of strings, comments and heredocs, and is not blank."""

    start: int
    indent: int
    lead: str
    marks: list[tuple[int, str]] = field(default_factory=list)

    @property
    def rise(self) -> int:
        """How many more braces it opens than it closes."""
        return sum(_RISE[brace] for _, brace in self.marks)


def lines(text: str) -> Iterator[Line]:
    """The lines, in order."""
    heredocs = Heredocs(text)
    line = _line(text, 0)
    lists = at = 0
    while mark := _MARKS.search(text, at):
        kind, at = mark.group(), mark.end()
        if kind == "\n":
            yield line
            line = _line(text, at)
            lists = 0 if header(text, line.start) else lists
        elif mark["heredoc"]:
            at = heredocs.likely_end(mark.start())
        elif kind in ("[", "]"):
            lists += 1 if kind == "[" else -1
            if lists < 0 and mark.start() == line.start:  # meant for a }
                line.marks.append((mark.start(), "]"))
            lists = max(lists, 0)
        else:
            line.marks += _braces(text, mark, line)
    yield line


def _line(text: str, at: int) -> Line:
    match = _INDENT.match(text, at)
    start = match.end() if match else at
    return Line(start, start - at, text[start : start + 1])


def _braces(text: str, mark: re.Match[str], line: Line) -> list[tuple[int, str]]:
    """A brace; of a string that lacks a quote, those that are likely not part of it."""
    if mark.group() in ("{", "}"):
        return [(mark.start(), mark.group())]
    if not mark["open"] and not mark["comment"]:
        return []
    if "=" not in text[line.start : mark.start()] and text[line.start] not in "#/":
        return [
            (one.start(), one.group())
            for one in re.compile(r"(?<!\$)[{}]").finditer(text, *mark.span())
        ]
    tail = re.compile(r"[\s,\])]*([{}]?)\s*\Z").search(text, mark.start(), mark.end())
    if tail is None or tail[1] != "}" or line.rise <= 0:
        return []
    return [(tail.start(1), tail[1])]
