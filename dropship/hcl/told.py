"""What was told of a text so far: each fault once, and none of those that only follow from one.

Also whether there is any sense in telling more: what tells noise from a configuration is not how
many faults it has, but how close they are to each other.
"""

from __future__ import annotations

import re

from dropship.hcl import codes, scan
from dropship.hcl.ast import Item
from dropship.hcl.braces import Layout
from dropship.hcl.builder import Builder
from dropship.hcl.diagnostics import Diagnostic, Severity
from dropship.hcl.machine import Machine
from dropship.hcl.tokens import Opened

# A line that is an item of a configuration, whatever is wrong with it.
_ITEM = re.compile(
    r"""(?:^|\w)[ \t]*=(?:[ \t]|$)|\{$|^[ \t]*\}|^[ \t]*\w+[ \t]+(?:["\[\d]\S*$|"[^"]*")"""
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


class Told:
    """The faults of one reading."""

    def __init__(self, machine: Machine, builder: Builder, layout: Layout) -> None:
        self._machine = machine
        self._text = builder.source.text
        self._faults = builder.faults
        self._by_lines = bool(layout.depths)
        self._brace_lines: set[int] = set()
        self._told_lines: set[int] = set()
        self._last, self._last_code = -1, ""
        self._repairs: list[tuple[int, int]] = []
        self._plain = 0
        self._untold: Diagnostic | None = None

    @property
    def errors(self) -> bool:
        """Whether any was told."""
        return any(one.severity is Severity.ERROR for one in self._faults)

    def keep_back(self, diagnostic: Diagnostic) -> None:
        """Tell it only if nothing else is told."""
        self._untold = self._untold or diagnostic

    def at_least_one(self) -> None:
        """Tell what was kept back after all, if nothing else was told."""
        if self._untold and not self.errors:
            self._faults.append(self._untold)

    def brace(self, diagnostic: Diagnostic) -> None:
        """Tell of a brace that is missing, whatever else is told of its line."""
        self._faults.append(diagnostic)
        at = diagnostic.span.start if diagnostic.span else 0
        self._told_lines.add(scan.line_start(self._text, at))

    def expect(self, opener: int) -> None:
        """The closer of this one is missing: nothing vague needs to be told of its line."""
        self._brace_lines.add(scan.line_start(self._text, opener))

    def note(self, diagnostic: Diagnostic, *, sure: bool = False) -> None:
        """Tell a fault, once for a place, and once for what follows from it on its line.

        ``sure``: it is one of its own, whatever stands around it.
        """
        at = diagnostic.span.start if diagnostic.span else 0
        self._plain += diagnostic.code not in _VAGUE
        follows = not sure and self._follows(diagnostic, at)
        if at >= self._last:
            self._last, self._last_code = at, diagnostic.code
        if follows:
            self.keep_back(diagnostic)
            return
        known = self._faults
        for at in range(max(0, len(known) - 20), len(known)):
            one = known[at]
            if one.span == diagnostic.span:
                if one.severity is Severity.WARNING:
                    known[at] = diagnostic._replace(suggestion=one.suggestion)
                return
        known.append(diagnostic)

    def _follows(self, fault: Diagnostic, at: int) -> bool:
        """Whether nothing sound was read since the last fault, of which this one comes."""
        if not self._by_lines:
            return False
        line = scan.line_start(self._text, at)
        if self._of_a_brace(fault.code, line):
            return True
        for one in self._faults[-5:]:  # those of the tokens among them
            if one.span and self._last < one.span.start < at and one.severity is Severity.ERROR:
                self._last, self._last_code = one.span.start, one.code
        last = scan.line_start(self._text, self._last)
        if self._last < 0 or self._sound_since():
            return False
        if line != last:
            return self._rubble(fault, at, last)
        if any(isinstance(one, Opened) for one in self._machine.unfinished()):  # in a list
            return self._text[at - 1] == '"' or "," not in self._text[self._last : at]
        return True

    def _of_a_brace(self, code: str, line: int) -> bool:
        if code == codes.UNCLOSED:
            return line in self._told_lines
        return code in (codes.UNEXPECTED, codes.NO_VALUE) and line in self._brace_lines

    def _sound_since(self) -> bool:
        body = self._machine.open()[-1:]
        if not body or body[0].start > self._last:
            return True
        last = body[0][-1:]
        return bool(last) and isinstance(last[0], Item) and last[0].span.start > self._last

    def _rubble(self, fault: Diagnostic, at: int, last: int) -> bool:
        """Whether this line looks like no item at all, and follows such a line."""
        if fault.code not in _VAGUE or at < last or self._last_code not in _RUBBLE:
            return False
        between = self._text[scan.line_end(self._text, last) : scan.line_start(self._text, at)]
        line = self._text[scan.line_start(self._text, at) : scan.line_end(self._text, at)]
        return not between.strip() and _ITEM.search(line) is None

    def noise(self, at: int) -> bool:
        """Whether the text in front of this offset is no configuration."""
        self._repairs.append((at, self._plain))
        if len(self._repairs) <= MOST_FAULTS:
            return False
        vague = (self._plain - self._repairs[-MOST_FAULTS - 1][1]) * 2 < MOST_FAULTS
        few = MOST_FAULTS if vague else _MORE_FAULTS
        return len(self._repairs) > few and at - self._repairs[-few - 1][0] < few * _CLOSE

    def start_afresh(self, diagnostic: Diagnostic) -> None:
        """Tell that a piece was noise: what follows is judged by itself."""
        self._faults.append(diagnostic)
        self._repairs.clear()
