"""Which braces are missing or too many: indentation tells, where the grammar cannot.

Only asked of a text that is faulty. The text is cut at the headers that stand furthest left, such
as each ``service "x" {``: what opens behind one of them closes in front of the next. Only in a
piece where the braces do not come out even is the indentation of lines looked at, so that a text
that is indented oddly is not accused of anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from dropship.hcl.lines import Line
from dropship.hcl.lines import lines as every_line
from dropship.hcl.scan import header

_NAME = r'(?:[^\W\d][\w.\-]*|"[^"\n]*")'
# A header may lack a quote of its label; whatever stands in front of the brace will do.
_BLOCK = re.compile(
    rf"({_NAME})(?:[^\S\n]|\")[^={{}}\n#]*(?:=[ \t]*)?\{{|({_NAME})(?:[ \t]*=)?[ \t]*\{{"
)
_BRACELESS = re.compile(
    rf'({_NAME})(?:[ \t]+"[^"\n]*")+[ \t\r(<]*(?:(?:#|//)[^\n]*)?$', re.MULTILINE
)
_LONE = re.compile(rf"{_NAME}[ \t\r]*(?:(?:#|//)[^\n]*)?$", re.MULTILINE)
_BRACELESS_LINE = re.compile(rf'{_NAME}(?:[ \t]+"[^"\n]*")+[ \t]+{_NAME}[ \t]*=[^{{\n]*\}}')
_COMMENT = re.compile("#|//|/\\*")


@dataclass(frozen=True, slots=True)
class Missing:
    """A brace that is missing.

    Attributes:
        opener: The offset of the ``{`` that nothing closes.
        place: Where the ``}`` belongs: in front of the token at this offset.
        taken: The offset of a ``}`` further on that closes it instead.
    """

    opener: int
    place: int
    taken: int | None


@dataclass(slots=True)
class Layout:
    """What the braces of a text were meant to be.

    Attributes:
        depths: How many blocks are open in front of what leads a line, by its offset.
        missing: Closers that are not there, at most one told for a line of openers.
        strays: Offsets of closers that close nothing.
        headers: Offsets of headers that lack their opener.
        closers: Offsets of ``]`` that stand where a ``}`` belongs.
        headless: Offsets of the first items of blocks that lack their header.
        tops: Offsets of the headers that the text was cut at.
    """

    depths: dict[int, int] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    strays: set[int] = field(default_factory=set)
    headers: set[int] = field(default_factory=set)
    closers: set[int] = field(default_factory=set)
    headless: set[int] = field(default_factory=set)
    tops: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Outside:
    """What a piece cannot see: how far headers are indented, where it ends, whether all is flat."""

    base: int
    end: int
    flat: bool


@dataclass(slots=True)
class _Block:
    """An open block: where, how far its line is indented, and how far the first line in it."""

    opener: int
    indent: int
    inner: int | None = None


def layout(text: str) -> Layout:
    """Look at the whole text."""
    lines = [line for line in every_line(text) if line.lead.strip()]
    found = Layout()
    flat = _flat(lines, text)
    pieces = list(_pieces(lines, text, found, flat=flat))
    base = min((piece[0].indent for piece in pieces if piece[0].start in found.tops), default=0)
    for piece, following in zip_longest(pieces, pieces[1:]):
        end = following[0].start if following else len(text)
        _Piece(piece, text, found, _Outside(base, end, flat)).walk()
    return found


def _flat(lines: Sequence[Line], text: str) -> bool:
    """Whether what stands in blocks is mostly indented no further than the blocks."""
    votes = [
        following.indent > line.indent
        for line, following in pairwise(line for line in lines if not _COMMENT.match(text, line.start))
        if line.marks and line.marks[-1][1] == "{" and following.lead != "}"
        and not text[line.marks[-1][0] + 1 : following.start].strip()
    ]  # fmt: skip
    return votes.count(False) > votes.count(True)


# ---- Pieces ----


def _pieces(lines: Sequence[Line], text: str, found: Layout, *, flat: bool) -> Iterator[list[Line]]:
    tops = _tops(lines, text, flat=flat)
    piece: list[Line] = []
    for line in lines:
        if line.start in tops:
            if piece:
                yield piece
            piece = []
            found.tops.add(line.start)
        piece.append(line)
    if piece:
        yield piece


def _tops(lines: Sequence[Line], text: str, *, flat: bool) -> set[int]:
    """The headers furthest left, of those keys that mostly stand there."""
    heads = [(line, key) for line in lines if (key := _key(text, line))]
    outermost, starts = _outermost(lines, heads)
    if flat:
        return starts
    base = min((line.indent for line, _ in heads), default=0)
    here = Counter(key for line, key in heads if line.indent == base)
    further = Counter(key for line, key in heads if line.indent > base)
    return {
        line.start
        for line, key in heads
        if line.indent == base and key in outermost and here[key] > further[key]
    }


def _outermost(
    lines: Sequence[Line], heads: Sequence[tuple[Line, str]]
) -> tuple[set[str], set[int]]:
    """The keys and offsets of headers that stand in no block, if all braces are right."""
    keys = {line.start: key for line, key in heads}
    found, starts = set(), set()
    depth = 0
    for line in lines:
        if depth == 0 and line.start in keys:
            found.add(keys[line.start])
            starts.add(line.start)
        depth = max(0, depth + line.rise)
    return found, starts


def _key(text: str, line: Line) -> str:
    block = _BLOCK.match(text, line.start)
    if block:
        return (block[1] or block[2]).strip('"').lower()
    braceless = _BRACELESS.match(text, line.start)
    return braceless[1].strip('"').lower() if braceless else ""


# ---- Where it is ----


class _Piece:
    """A piece between two headers, and what is open in it."""

    def __init__(self, lines: Sequence[Line], text: str, found: Layout, outside: _Outside) -> None:
        self._lines = [line for line in lines if not _COMMENT.match(text, line.start)]
        self._text = text
        self._found = found
        self._flat = outside.flat
        self._end = outside.end
        rise = sum(line.rise for line in lines)
        self._lost = max(0, rise)
        self._spare = max(0, -rise)
        self._open: list[_Block] = []
        self._base = outside.base

    def walk(self) -> None:
        """Find what is missing, what is too many, and how deep each line is."""
        for line, following in zip_longest(self._lines, self._lines[1:]):
            self._outgrown(line)
            self._lead(line, following)
            for at, brace in line.marks:
                if brace == "{":
                    self._open.append(_Block(at, line.indent))
                elif brace == "]":
                    self._wrong_closer(at)
                elif self._closes_nothing(at, line, following):
                    self._found.strays.add(at)
                else:
                    self._open.pop()
        made_up = self._found.headers | self._found.headless
        for block in reversed(self._open):
            if block.opener not in made_up:
                self._found.missing.append(Missing(block.opener, self._end, None))

    def _wrong_closer(self, at: int) -> None:
        """A ``]`` that no list needs, where a ``}`` is missing."""
        if self._lost and self._open:
            self._lost -= 1
            self._open.pop()
            self._found.closers.add(at)

    def _lead(self, line: Line, following: Line | None) -> None:
        top = line.start in self._found.tops  # whose label may lack a quote
        leads = top or line.lead == "}" or header(self._text, line.start)
        if self._spare and not self._flat and leads and line.lead != "}" and self._orphan(line):
            self._made_up(line, self._found.headless)
        if leads:
            self._found.depths[line.start] = len(self._open)
        self._note_inner(line)
        if self._spare and self._lacks_opener(line, following):
            self._made_up(line, self._found.headers)

    def _made_up(self, line: Line, kind: set[int]) -> None:
        self._spare -= 1
        kind.add(line.start)
        inner = self._open[-1].inner if self._open else self._base
        self._open.append(
            _Block(line.start, line.indent if kind is self._found.headers else inner or 0)
        )

    def _note_inner(self, line: Line) -> None:
        if self._open and self._open[-1].inner is None and line.lead != "}":
            self._open[-1].inner = line.indent

    def _orphan(self, line: Line) -> bool:
        inner = self._open[-1].inner if self._open else self._base
        return inner is not None and line.indent > inner

    def _outgrown(self, line: Line) -> None:
        while self._lost and self._open:
            top = self._open[-1]
            if line.lead == "}":
                within = line.indent >= top.indent
            else:
                within = (
                    self._flat or line.indent > top.indent or not header(self._text, line.start)
                )
            if within:
                return
            self._open.pop()
            self._lost -= 1
            self._found.missing.append(Missing(top.opener, line.start, line.start))

    def _lacks_opener(self, line: Line, following: Line | None) -> bool:
        if _BRACELESS_LINE.match(self._text, line.start):
            return line.rise < 0
        if following is None or following.indent <= line.indent or line.marks:
            return False
        return bool(_LONE.match(self._text, line.start) or _BRACELESS.match(self._text, line.start))

    def _closes_nothing(self, at: int, line: Line, following: Line | None) -> bool:
        if not self._open:
            return True
        popped = self._open[-1]
        if not self._spare or following is None:
            return False
        if popped.opener > line.start and self._text[popped.opener + 1 : at].strip():
            return False
        if at == line.start and line.indent == popped.indent:
            return False
        if following.lead == "}":
            outer = self._open[-2].indent if len(self._open) > 1 else -1
            contradicted = following.indent != outer
        else:
            contradicted = following.indent > popped.indent
        self._spare -= contradicted
        return contradicted
