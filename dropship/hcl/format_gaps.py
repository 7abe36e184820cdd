"""What stands between two nodes: comments, blank lines, commas; and to which node it belongs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dropship.hcl.ast import Comment
from dropship.hcl.format_text import inline

_BLANK = re.compile(r"\n[ \t\r]*\n")
_WHITE = re.compile(r"[ \t\r\n]*")


@dataclass(slots=True)
class Gap:
    """What stands in front of a node.

    Attributes:
        trail: Comments behind what stands before, on its line.
        lines: Comments on lines of their own, each line with whether a blank one is before it.
        prefix: Comments in front of the node, on its line.
        blank: Whether a blank line stands before the node (and its prefix).
    """

    trail: Sequence[Comment] = ()
    lines: list[tuple[list[Comment], bool]] = field(default_factory=list)
    prefix: Sequence[Comment] = ()
    blank: bool = False


class Gaps:
    """A text and its comments, each of which is given out once, in order."""

    def __init__(self, text: str, comments: Sequence[Comment]) -> None:
        self._text = text
        self._comments = comments
        self._next = 0

    def take(self, end: int) -> list[Comment]:
        """The comments in front of this offset that were not given out yet."""
        first = self._next
        while self._next < len(self._comments) and self._comments[self._next].span.start < end:
            self._next += 1
        return list(self._comments[first : self._next])

    def beside(self, opener: int) -> bool:
        """Whether the next comment begins on the line of this offset."""
        following = self._comments[self._next : self._next + 1]
        return any("\n" not in self._text[opener : one.span.start] for one in following)

    def behind(self, end: int) -> int:
        """Behind the comma that follows a node directly, else the node's end.

        The comma behind a heredoc is on a line of its own; what follows there belongs to it.
        """
        match = _WHITE.match(self._text, end)
        at = match.end() if match else end
        return at + 1 if self._text.startswith(",", at) else end

    def between(self, start: int, end: int, *, attached: bool, opens: bool, closes: bool) -> Gap:
        """What stands between two offsets, and belongs to what.

        Args:
            start: The end of what stands before, its comma included.
            end: The start of a node, or of what closes.
            attached: Whether a comment on the first line belongs to what stands before.
            opens: What stands before is no node, but a ``{`` or ``[`` or the start of the file.
            closes: What follows is no node.
        """
        comments = self.take(end)
        gap = Gap()
        if not comments:
            gap.blank = _BLANK.search(self._text, start, end) is not None
            return gap
        # A comment behind a comma, and in front of a node on its line, is that node's.
        separated = opens or self._text[start - 1] == ","
        mine = 0 if separated else len(comments)
        at, same = start, attached
        trail: list[Comment] = []
        for one in comments:
            before = self._text[at : one.span.start]
            same = same and "\n" not in before
            if same:
                if "," in before:
                    mine = min(mine, len(trail))
                trail.append(one)
            elif gap.lines and "\n" not in before:
                gap.lines[-1][0].append(one)
            else:
                gap.lines.append(([one], _BLANK.search(before) is not None))
            at = one.span.end
        gap.trail = trail
        rest = self._text[at:end]
        if closes or "\n" in rest:
            gap.blank = _BLANK.search(rest) is not None
        elif gap.lines:
            self._to_node(gap)
        elif all(map(inline, trail[mine:])):
            gap.trail, gap.prefix = trail[:mine], trail[mine:]
        return gap

    @staticmethod
    def _to_node(gap: Gap) -> None:
        comments, blank = gap.lines[-1]
        if all(map(inline, comments)):
            gap.lines.pop()
            gap.prefix, gap.blank = comments, blank
