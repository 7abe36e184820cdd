"""One pass over a faulty text: stops at each fault, asks for a repair, and reads on.

What a fault is and how it is mended is the repair's; here is what every repair needs: to tell
it, to make something up, to drop an item and move to the next.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from dropship.hcl import codes, scan
from dropship.hcl.ast import Item, Key, ObjectValue, Span, StringValue
from dropship.hcl.braces import Layout, Missing
from dropship.hcl.builder import Builder
from dropship.hcl.diagnostics import Diagnostic, Related, Severity, error
from dropship.hcl.machine import Machine
from dropship.hcl.tokens import Opened, TooDeep

_ITEM = re.compile(
    r"""\w[ \t]*=(?:[ \t]|$)|\{$|^[ \t]*\}|^[ \t]*\w+[ \t]+(?:["\[\d]\S*$|"[^"]*")"""
)
_RUBBLE = (codes.UNEXPECTED, codes.NO_VALUE, codes.BAD_HEREDOC)
# So many faults this close to each other are no configuration: nobody reads on. Binary data would
# give a fault a byte. Faults that can be told what they are, such as a value without quotes, are
# likely all of one kind, and worth more patience.
MOST_FAULTS = 100
_MORE_FAULTS = 1000
_CLOSE = 50  # characters from fault to fault
_VAGUE = (
    codes.UNEXPECTED, codes.NO_VALUE, codes.STRAY_CLOSER, codes.UNTERMINATED_HEREDOC,
    codes.BAD_HEREDOC,
)  # fmt: skip
_MOST_JUMPS = 10


@dataclass(slots=True)
class Slack:
    """How far braces may be out of step, because a fault that is told already explains it.

    Attributes:
        spare: So many closers may come too many.
        lost: So many may be missing.
    """

    spare: float = 0
    lost: float = 0

    def swallow(self, text: str) -> None:
        """A fault took these characters with it."""
        self.spare += text.count("{")
        self.lost += text.count("}")


class Reading:
    """One pass over a faulty text: what repairs work with.

    Attributes:
        machine: The parser's stack.
        text: The source's text.
        layout: What its braces were meant to be.
    """

    def __init__(self, machine: Machine, builder: Builder, layout: Layout) -> None:
        self.machine = machine
        self.text = builder.source.text
        self.layout = layout
        self.slack = Slack()
        self._builder = builder
        self._source = builder.source
        self._open_at_end: list[Missing] = []
        self._repairs: list[tuple[int, int]] = []
        self._plain = 0
        self._jumps = 0
        self._tops = sorted(layout.tops)
        self._leads = sorted(layout.depths)
        self.headless = set(layout.headless)
        self.heredocs = scan.Heredocs(self.text)
        self._last, self._last_code = -1, ""
        self._note_all(layout.missing)
        self._last, self._last_code = -1, ""

    def _note_all(self, missing: list[Missing]) -> None:
        """All but what the text's end may have cut off."""
        told: set[tuple[int, int]] = set()
        for brace in missing[:_MORE_FAULTS]:
            if not self.text[brace.place :].strip():
                self._open_at_end.append(brace)
                continue
            where = (brace.place, scan.line_start(self.text, brace.opener))
            if where not in told:  # several on a line are one slip
                self._note_missing(brace)
            told.add(where)
        self._brace_lines = {line for _, line in told}

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
                at = self.machine.run(self._watch)
            except TooDeep as deep:
                self._too_deep(deep.start)
                continue
            if at is None:
                body = self._end(finish)
                if body is not None:
                    return body
            elif self._noise(at):
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

    def _watch(self, at: int, kind: str) -> bool:
        """Whether the token here is at fault, though the grammar would take it."""
        if at in self.layout.strays and kind == "RBRACE":
            return True
        depth = self.layout.depths.get(at)
        if at in self.headless:
            depth = (depth or 1) - 1
        if depth is None:
            return False
        if self.machine.depth() < depth and self.lacks_brace():
            return True
        if self.machine.depth() > depth and not self._close_down_to(depth, at):
            return True
        if at in self.headless and self.machine.depth() == depth:
            return True
        return at in self.layout.tops and not self._close_down_to(depth, at)

    def _close_down_to(self, depth: int, at: int) -> bool:
        """Close what must have ended in front of this line; False if an item is unfinished."""
        self.machine.settle(at)
        while self.machine.depth() > depth and not self.machine.unfinished():
            self.machine.feed("RBRACE", "}", at, width=0)
            self.machine.settle(at)
        return not self.machine.unfinished()

    def lacks_brace(self) -> bool:
        """Whether the unfinished item is a header whose ``{`` is missing."""
        keys = header_keys(self.machine.unfinished())
        return bool(keys) and keys[0].span.start in self.layout.headers

    # ---- What repairs do ----

    def next_item(self, at: int) -> int:
        """Where reading can go on: the next item's line, or the ``}`` of the body around."""
        if at in self.layout.depths:
            return at
        depth = 0
        for place, brace in scan.braces(self.text, at, scan.line_end(self.text, at)):
            depth += 1 if brace == "{" else -1
            if depth < 0:
                return place
        return self._next_lead(at)

    def block_end(self, at: int) -> int:
        """Behind what closes the ``{`` here."""
        depth = 0
        for place, brace in scan.braces(self.text, at, scan.line_end(self.text, at)):
            depth += 1 if brace == "{" else -1
            if not depth:
                return place + 1
        return self._next_lead(at)

    def _next_lead(self, at: int) -> int:
        """The next line that leads with an item or a ``}`` of the body around."""
        depth = self.machine.depth()
        for number in range(bisect_right(self._leads, at), len(self._leads)):
            if self.layout.depths[self._leads[number]] <= depth:
                return self._leads[number]
        return len(self.text)

    def span(self, start: int, end: int) -> Span:
        """A piece of the text."""
        return Span(self._source, start, end)

    def note(self, diagnostic: Diagnostic) -> None:
        """Tell a fault, once for a place, and once for what follows from it on its line."""
        at = diagnostic.span.start if diagnostic.span else 0
        self._plain += diagnostic.code not in _VAGUE
        follows = self._follows(diagnostic, at)
        if at >= self._last:
            self._last, self._last_code = at, diagnostic.code
        if follows:
            return
        known = self._builder.faults
        for at in range(max(0, len(known) - 20), len(known)):
            one = known[at]
            if one.span == diagnostic.span:
                if one.severity is Severity.WARNING:
                    known[at] = replace(diagnostic, suggestion=one.suggestion)
                return
        known.append(diagnostic)

    def _follows(self, fault: Diagnostic, at: int) -> bool:
        """Whether nothing sound was read since the last fault, of which this one comes."""
        if not self.layout.depths:
            return False
        line = scan.line_start(self.text, at)
        vague = fault.code in (codes.UNEXPECTED, codes.NO_VALUE)
        if vague and line in self._brace_lines:
            return True
        for one in self._builder.faults[-5:]:  # those of the tokens among them
            if one.span and self._last < one.span.start < at and one.severity is Severity.ERROR:
                self._last, self._last_code = one.span.start, one.code
        last = scan.line_start(self.text, self._last)
        if self._last < 0 or self._sound_since():
            return False
        if line != last:
            return self._rubble(fault, at, last)
        if any(isinstance(one, Opened) for one in self.machine.unfinished()):  # in a list
            return self.text[at - 1] == '"' or "," not in self.text[self._last : at]
        return True

    def _sound_since(self) -> bool:
        body = self.machine.open()[-1:]
        if not body or body[0].start > self._last:
            return True
        last = body[0][-1:]
        return bool(last) and isinstance(last[0], Item) and last[0].span.start > self._last

    def _rubble(self, fault: Diagnostic, at: int, last: int) -> bool:
        """Whether this line looks like no item at all, and follows such a line."""
        if fault.code not in _VAGUE or at < last or self._last_code not in _RUBBLE:
            return False
        between = self.text[scan.line_end(self.text, last) : scan.line_start(self.text, at)]
        line = self.text[scan.line_start(self.text, at) : scan.line_end(self.text, at)]
        return not between.strip() and _ITEM.search(line) is None

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
            self.slack.lost = math.inf

    def reaches_end(self, at: int) -> None:
        """A fault takes the text up to here: where nothing follows, closers are cut off as well."""
        if not self.text[at:].strip():
            self.slack.lost = math.inf

    def stop(self) -> None:
        """Nothing behind this fault can be read."""
        self.slack.lost = math.inf
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
        if self.slack.lost < len(opened):
            if self._open_at_end:
                self._note_missing(self._open_at_end[0])
            elif not self.layout.depths or not self._errors():
                self._note_missing(Missing(opened[-1].start, len(self.text), None))
        end = len(self.text)
        for one in reversed(self.machine.open()):
            if one.brace:
                self.machine.settle(end)
                self.machine.feed("RBRACE" if one.brace == "{" else "RBRACK", "", end)

    def _note_missing(self, brace: Missing) -> None:
        related: tuple[Related, ...] = ()
        if brace.taken is not None:
            taken = self.span(brace.taken, brace.taken + 1)
            does = "closes it, but " if self.text[brace.taken] == "}" else ""
            related = (Related(f"this {does}is indented for a block further out", taken),)
        self.note(
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
        self.slack.lost = math.inf
        # With the item all lists around the brace are dropped.
        lists = (one.start for one in self.machine.unfinished() if isinstance(one, Opened))
        self.skip(at, scan.block_end(self.text, next(lists, at)))

    def _noise(self, at: int) -> bool:
        """Whether the text in front of this offset is no configuration."""
        self._repairs.append((at, self._plain))
        if len(self._repairs) <= MOST_FAULTS:
            return False
        vague = (self._plain - self._repairs[-MOST_FAULTS - 1][1]) * 2 < MOST_FAULTS
        few = MOST_FAULTS if vague else _MORE_FAULTS
        return len(self._repairs) > few and at - self._repairs[-few - 1][0] < few * _CLOSE

    def _give_up(self, at: int) -> None:
        """Read nothing up to the next header on the outermost level."""
        self._jumps += 1
        tops = self._tops[bisect_right(self._tops, at) :] if self._jumps < _MOST_JUMPS else []
        more = "reading goes on further down" if tops else "reading stops"
        self._builder.faults.append(
            error(codes.TOO_MANY, f"too many faults so close together, {more}",
                  self.span(at, min(at + 1, len(self.text))))
        )  # fmt: skip
        self.machine.drop()
        self._repairs.clear()
        if tops:
            self.machine.move(tops[0])
        else:
            self.stop()

    def _errors(self) -> int:
        return sum(one.severity is Severity.ERROR for one in self._builder.faults)

    def _made_up(self, kind: str, node: StringValue | Key, end: int) -> bool:
        if not self.machine.feed(kind, '""', node.span.start):
            return False
        self.machine.values[-1] = node
        self.machine.move(end)
        return True


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
