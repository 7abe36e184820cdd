"""One pass over a faulty text: stops at each fault, asks for a repair, and reads on.

What a fault is and how it is mended is the repair's; here is what every repair needs: to tell
it, to make something up, to drop an item and move to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from dropship.hcl import codes, scan
from dropship.hcl.ast import Item, Key, ObjectValue, Span, StringValue
from dropship.hcl.braces import Layout, Missing
from dropship.hcl.builder import Builder
from dropship.hcl.diagnostics import Diagnostic, Related, error
from dropship.hcl.guide import Guide, header_keys
from dropship.hcl.machine import Machine
from dropship.hcl.tokens import Opened, TooDeep
from dropship.hcl.told import Told

# How often reading goes on behind noise.
_MOST_JUMPS = 10


class Reading:
    """One pass over a faulty text: what repairs work with.

    Attributes:
        machine: The parser's stack.
        text: The source's text.
        layout: What its braces were meant to be.
        guide: Keeps it in step with that.
        lost: So many closers may be missing, because a fault that is told already explains it.
    """

    def __init__(self, machine: Machine, builder: Builder, layout: Layout) -> None:
        self.machine = machine
        self.text = builder.source.text
        self.layout = layout
        self.guide = Guide(machine, layout, self.text)
        self.heredocs = scan.Heredocs(self.text)
        self.lost: float = 0
        self._told = Told(machine, builder, layout)
        self._source = builder.source
        self._jumps = 0
        self._open_at_end: list[Missing] = []
        self._note_all(layout.missing)

    def _note_all(self, missing: list[Missing]) -> None:
        """All but what the text's end may have cut off."""
        told: set[tuple[int, int]] = set()
        for brace in missing:
            self._told.expect(brace.opener)
            where = (brace.place, scan.line_start(self.text, brace.opener))
            if not self.text[brace.place :].strip():
                self._open_at_end.append(brace)
            elif where not in told:  # several on a line are one slip
                self._note_missing(brace)
                told.add(where)

    def run(
        self, repair: Callable[[Reading, int], None], finish: Callable[[Reading], None]
    ) -> ObjectValue:
        """The body.

        ``repair`` is called for a fault at an offset, ``finish`` for an item that the text's end
        cuts off.
        """
        last, stuck = -1, 0
        while True:
            try:
                at = self.machine.run(self.guide.watch)
            except TooDeep as deep:
                self._too_deep(deep.start)
                continue
            if at is None:
                body = self._end(finish)
                if body is not None:
                    self._told.at_least_one()
                    return body
            elif self._told.noise(at):
                self._give_up(at)
            elif at != last:
                repair(self, at)
                stuck = 0
            elif stuck:  # what was tried there did not help
                self.skip(at, at + 1)
            else:
                self.machine.drop()
                stuck = 1
            last = -1 if at is None else at

    # ---- What repairs do ----

    def note(self, diagnostic: Diagnostic, *, sure: bool = False) -> None:
        """Tell a fault, unless it only follows from another; ``sure`` if it cannot."""
        self._told.note(diagnostic, sure=sure)

    def keep_back(self, diagnostic: Diagnostic) -> None:
        """Tell a fault that likely follows from another only if nothing else is told."""
        self._told.keep_back(diagnostic)

    def span(self, start: int, end: int) -> Span:
        """A piece of the text."""
        return Span(self._source, start, end)

    def value(self, kind: str, start: int, end: int, text: str) -> bool:
        """Take this piece of the text for a value that is broken, and read on behind it."""
        broken = StringValue(text, self.span(start, end), broken=True)
        return self._made_up(kind, broken, end)

    def key(self, kind: str, start: int, end: int, text: str) -> bool:
        """Take this piece of the text for a key, and read on behind it."""
        return self._made_up(kind, Key(text, self.span(start, end)), end)

    def break_item(self) -> None:
        """Drop the unfinished item, but for a broken value under its key, if it has one key."""
        unfinished = self.machine.unfinished()
        keys = header_keys(unfinished)
        self.machine.drop()
        behind = bool(keys) and self.text[keys[0].span.start - 1] == '"'
        if len(keys) == 1 and self.machine.values and not behind:
            broken = StringValue("", keys[0].span, broken=True)
            self.machine.values[-1].append(Item((keys[0],), broken, keys[0].span))

    def skip(self, at: int, place: int) -> None:
        """Drop the unfinished item and read on at ``place``; what lies between is passed over."""
        self.break_item()
        self.machine.move(max(at, place))
        if place >= len(self.text):
            self.lost = math.inf

    def reaches_end(self, at: int) -> None:
        """A fault takes the text up to here: where nothing follows, closers are cut off as well."""
        if not self.text[at:].strip():
            self.lost = math.inf

    def stop(self) -> None:
        """Nothing behind this fault can be read."""
        self.lost = math.inf
        self.machine.move(len(self.text))

    # ---- The end of the text ----

    def _end(self, finish: Callable[[Reading], None]) -> ObjectValue | None:
        machine = self.machine
        body: ObjectValue | None = machine.end()
        if body is not None:
            return body
        machine.settle(len(self.text))
        if machine.unfinished():
            finish(self)
            return None
        self._close()
        whole: ObjectValue | None = machine.end()
        return whole

    def _close(self) -> None:
        opened = [one for one in self.machine.open() if one.brace == "{"]
        if self.lost < len(opened) or not self._told.errors:
            if self._open_at_end:
                self._note_missing(self._open_at_end[0])
            elif not self.layout.depths or not self._told.errors:
                self._note_missing(Missing(opened[-1].start, len(self.text), None))
        last = len(self.text) - 1  # a value ends behind its closer, and that is in the text
        for one in reversed(self.machine.open()):
            if one.brace:
                self.machine.settle(last)
                self.machine.feed("RBRACE" if one.brace == "{" else "RBRACK", "", last)

    def _note_missing(self, brace: Missing) -> None:
        related: tuple[Related, ...] = ()
        if brace.taken is not None:
            taken = self.span(brace.taken, brace.taken + 1)
            does = "closes it, but " if self.text[brace.taken] == "}" else ""
            related = (Related(f"this {does}is indented for a block further out", taken),)
        self._told.brace(
            error(
                codes.UNCLOSED,
                "{ is never closed",
                self.span(brace.opener, brace.opener + 1),
                suggestion="add a }",
                related=related,
            )
        )

    # ---- Too much ----

    def _too_deep(self, at: int) -> None:
        self.note(
            error(codes.TOO_DEEP, "blocks and lists nest too deeply here", self.span(at, at + 1))
        )
        self.lost = math.inf
        # With the item all lists around the brace are dropped.
        lists = (one.start for one in self.machine.unfinished() if isinstance(one, Opened))
        self.skip(at, scan.block_end(self.text, next(lists, at)))

    def _give_up(self, at: int) -> None:
        """Read nothing up to the next header on the outermost level."""
        self._jumps += 1
        top = self.guide.next_top(at) if self._jumps < _MOST_JUMPS else None
        more = "reading stops" if top is None else "reading goes on further down"
        self._told.start_afresh(
            error(codes.TOO_MANY, f"too many faults so close together, {more}",
                  self.span(at, min(at + 1, len(self.text))))
        )  # fmt: skip
        self.machine.drop()
        if top is None:
            self.stop()
        else:
            self.machine.move(top)

    def _made_up(self, kind: str, node: StringValue | Key, end: int) -> bool:
        if not self.machine.feed(kind, '""', node.span.start):
            return False
        self.machine.values[-1] = node
        self.machine.move(end)
        return True
