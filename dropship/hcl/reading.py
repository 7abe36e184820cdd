"""One pass over a faulty text: stops at each fault, asks for a repair, and reads on.

What a fault is and how it is mended is the repair's; here is what every repair needs: to tell
it, to make something up, to drop an item and move to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from dropship.hcl import blame, codes
from dropship.hcl.ast import Item, Key, ObjectValue, Span, StringValue
from dropship.hcl.blame import Missing
from dropship.hcl.builder import Builder
from dropship.hcl.diagnostics import Diagnostic, Related, Severity, error
from dropship.hcl.machine import Machine
from dropship.hcl.scan import block_end
from dropship.hcl.tokens import Opened, TooDeep

# Past this nobody reads on; binary data as a configuration would give a fault a byte.
MOST_FAULTS = 100
# Each missing brace costs one more reading.
_MOST_READINGS = 10


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
        found: A missing brace, that asks for one more reading.
    """

    def __init__(self, machine: Machine, builder: Builder, missing: list[Missing]) -> None:
        self.machine = machine
        self.text = builder.source.text
        self.slack = Slack(spare=len(missing))
        self.found: Missing | None = None
        self._builder = builder
        self._source = builder.source
        self._places = [brace.place for brace in missing]
        self._readings = len(missing) + 1
        told: set[tuple[int, int]] = set()
        for brace in missing:
            where = (brace.place, self.text.count("\n", 0, brace.opener))
            if where not in told:  # several on a line are one slip
                self._note_missing(brace)
            told.add(where)

    def run(
        self, repair: Callable[[Reading, int], None], finish: Callable[[Reading], None]
    ) -> ObjectValue:
        """The body; nothing of worth once a missing brace is ``found``.

        ``repair`` is called for a fault at an offset, ``finish`` for an item that the text's end
        cuts off.
        """
        last = -1
        while self.found is None:
            try:
                at = self.machine.run(self._places)
            except TooDeep as deep:
                self._too_deep(deep.start)
                continue
            if at is None:
                body = self._end(finish)
                if body is not None:
                    return body
            elif self._errors() >= MOST_FAULTS:
                self._give_up(at)
            elif at == last:  # what was tried there did not help
                self.skip(at, at + 1)
            else:
                repair(self, at)
            last = -1 if at is None else at
        return self._builder.whole([])

    # ---- What repairs do ----

    def span(self, start: int, end: int) -> Span:
        """A piece of the text."""
        return Span(self._source, start, end)

    def note(self, diagnostic: Diagnostic) -> None:
        """Tell a fault, once for a place."""
        known = self._builder.faults
        for at, one in enumerate(known):
            if one.span == diagnostic.span:
                if one.severity is Severity.WARNING:
                    known[at] = replace(diagnostic, suggestion=one.suggestion)
                return
        known.append(diagnostic)

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
        if len(keys) == 1 and self.machine.values:
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

    def _starts_open(self) -> bool:
        return any(one.brace for one in self.machine.open()[:1])

    def _close(self) -> None:
        opened = [one for one in self.machine.open() if one.brace == "{"]
        if self.slack.lost < len(opened):
            found = None if self._starts_open() else blame.missing(opened, self.text)
            if found and self._readings < _MOST_READINGS:
                self.found = found
                return
            self._note_missing(found or Missing(opened[-1].start, len(self.text), None))
        end = len(self.text)
        for one in reversed(self.machine.open()):
            if one.brace:
                self.machine.settle(end)
                self.machine.feed("RBRACE" if one.brace == "{" else "RBRACK", "", end)

    def _note_missing(self, brace: Missing) -> None:
        related: tuple[Related, ...] = ()
        if brace.taken is not None:
            taken = self.span(brace.taken, brace.taken + 1)
            related = (Related("this closes it, but is indented for a block further out", taken),)
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
        self.skip(at, block_end(self.text, next(lists, at)))

    def _give_up(self, at: int) -> None:
        end = min(at + 1, len(self.text))
        self.note(
            error(
                codes.TOO_MANY, f"more than {MOST_FAULTS} faults; stopped here", self.span(at, end)
            )
        )
        self.machine.drop()
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
