"""Keeps a reading in step with what the braces of its text were meant to be.

Where the layout says that a block has ended, it is closed; where a fault is passed over, reading
goes on at the next line of the same block and never behind its end.
"""

from __future__ import annotations

from bisect import bisect_right

from dropship.hcl import scan
from dropship.hcl.ast import Key
from dropship.hcl.braces import Layout
from dropship.hcl.machine import Machine


class Guide:
    """What the layout has to say about a place.

    Attributes:
        layout: What it goes by.
        headless: As the layout's, less those that were dealt with.
    """

    def __init__(self, machine: Machine, layout: Layout, text: str) -> None:
        self.layout = layout
        self.headless = set(layout.headless)
        self._machine = machine
        self._text = text
        self._leads = sorted(layout.depths)
        self._tops = sorted(layout.tops)

    def watch(self, at: int, kind: str) -> bool:
        """Whether the token here is at fault, though the grammar would take it."""
        if at in self.layout.strays and kind == "RBRACE":
            return True
        depth = self.layout.depths.get(at)
        if at in self.headless:
            depth = (depth or 1) - 1
        if depth is None:
            return False
        if self._machine.depth() < depth and self.lacks_brace():
            return True
        if self._machine.depth() > depth and not self._close_down_to(depth, at):
            return True
        if at in self.headless and self._machine.depth() == depth:
            return True
        return at in self.layout.tops and not self._close_down_to(depth, at)

    def _close_down_to(self, depth: int, at: int) -> bool:
        """Close what must have ended in front of this line; False if an item is unfinished."""
        self._machine.settle(at)
        while self._machine.depth() > depth and not self._machine.unfinished():
            self._machine.feed("RBRACE", "}", at, width=0)
            self._machine.settle(at)
        return not self._machine.unfinished()

    def lacks_brace(self) -> bool:
        """Whether the unfinished item is a header whose ``{`` is missing."""
        keys = header_keys(self._machine.unfinished())
        return bool(keys) and keys[0].span.start in self.layout.headers

    def next_item(self, at: int) -> int:
        """Where reading can go on: the next item's line, or the ``}`` of the body around."""
        if at in self.layout.depths:
            return at
        depth = 0
        for place, brace in scan.braces(self._text, at, scan.line_end(self._text, at)):
            depth += 1 if brace == "{" else -1
            if depth < 0:
                return place
        return self._next_lead(at)

    def block_end(self, at: int) -> int:
        """Behind what closes the ``{`` here."""
        depth = 0
        for place, brace in scan.braces(self._text, at, scan.line_end(self._text, at)):
            depth += 1 if brace == "{" else -1
            if not depth:
                return place + 1
        return self._next_lead(at)

    def _next_lead(self, at: int) -> int:
        """The next line that leads with an item or a ``}`` of the body around."""
        depth = self._machine.depth()
        for number in range(bisect_right(self._leads, at), len(self._leads)):
            if self.layout.depths[self._leads[number]] <= depth:
                return self._leads[number]
        return len(self._text)

    def next_top(self, at: int) -> int | None:
        """The next header on the outermost level."""
        number = bisect_right(self._tops, at)
        return self._tops[number] if number < len(self._tops) else None


def header_keys(unfinished: list[object]) -> list[Key]:
    """The keys that an unfinished item starts with."""
    keys: list[Key] = []
    for value in unfinished:
        if isinstance(value, Key):
            keys.append(value)
        elif type(value) is list and value and isinstance(value[0], Key):
            keys.extend(value)
        else:
            break
    return keys
