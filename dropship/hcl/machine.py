"""The parser's stack, taken in hand where a text is faulty.

Wraps lark's interactive parser: tokens go in one by one, made up ones among them, and what stands
unfinished can be looked at and dropped. Knows nothing of what is a fault and why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dropship.hcl.ast import Source
from dropship.hcl.builder import Builder
from dropship.hcl.engine import Engine
from dropship.hcl.tokens import Opened, Swallowed, TooDeep

_STARTS = ("NAME", "STRING", "JSON_KEY", "JSON_STRING")


class Machine:
    """One run of the parser over a source."""

    def __init__(self, engine: Engine, builder: Builder, source: Source, start: str) -> None:
        builder.begin(source)
        self._engine = engine
        self._builder = builder
        self._parser = engine.lark.parse_interactive(source.text, start=start)
        self._state = self._parser.parser_state
        self._place = self._parser.lexer_thread.state.line_ctr

    @property
    def values(self) -> list[Any]:
        """The stack: what is read and not yet part of something larger."""
        return self._state.value_stack  # type: ignore[no-any-return]  # lark's stack is a list

    def run(self, watch: Callable[[int, str], bool]) -> int | None:
        """Read on from ``place``; where it stops, or None at the end of the text.

        ``watch`` sees each token's offset and kind, and may stop there as well.

        Raises:
            TooDeep: A brace opens one level too many.
        """
        # Not by lark's own loop: where no token fits, that looks for one of any other context, and
        # some of those run to the end of the text.
        lexer = self._parser.lexer_thread
        try:
            while True:
                here = lexer.lexer.lexers[self._state.position]
                token = here.next_token(lexer.state, self._state)
                if watch(token.start_pos, token.type):
                    return int(token.start_pos)
                self._parser.feed_token(token)
        except EOFError:
            return None
        except self._engine.unexpected as fault:
            return int(fault.pos_in_stream or 0)  # type: ignore[attr-defined]  # of every UnexpectedInput of lark
        except TooDeep:
            self._unpush()
            raise
        except Swallowed as fault:
            self._unpush()
            return fault.start

    def _unpush(self) -> None:
        # The state is pushed before the value is made.
        del self._state.state_stack[len(self.values) + 1 :]

    def move(self, offset: int) -> None:
        """Read on from this offset."""
        self._place.char_pos = offset

    def feed(self, kind: str, text: str, start: int, *, width: int | None = None) -> bool:
        """Put in a token that the text does not hold, or holds otherwise; False if it cannot be."""
        if kind not in self._accepted():
            return False
        end = start + (len(text) if width is None else width)
        token = self._engine.token(kind, text, start_pos=start, end_pos=end)
        try:
            self._parser.feed_token(token)
        except self._engine.unexpected:
            return False
        return True

    def settle(self, at: int) -> bool:
        """Take what is complete for complete, as if a comma stood here; False if none can."""
        comma = self.feed("COMMA", ",", at, width=0)
        if comma or getattr(self.values[-1:][0] if self.values else None, "type", "") == "COMMA":
            self._nudge(at)
        return comma

    def in_list(self) -> bool:
        """Whether the innermost open body is an element of a list."""
        return [one.brace for one in self.open()][-2:] == ["[", "{"]

    def end(self) -> Any:
        """The whole body, if the text may end here; else None."""
        if "$END" not in self._accepted():
            return None
        try:
            return self._parser.feed_eof()
        except self._engine.unexpected:
            return None

    def accepts(self, kind: str) -> bool:
        """Whether a token of this kind may come next, as far as the top of the stack knows."""
        return kind in self._accepted()

    def depth(self) -> int:
        """How many braces are open."""
        return sum(one.brace == "{" for one in self.values if isinstance(one, Opened))

    def open(self) -> list[Opened]:
        """What is open, outermost first; the file's own body among it."""
        return [value for value in self.values if isinstance(value, Opened)]

    def unfinished(self) -> list[Any]:
        """What stands behind the innermost open body: parts of an item."""
        at = self._body()
        return self.values[at + 1 :]

    def drop(self) -> None:
        """Forget the unfinished item; nothing behind a document that is complete."""
        at = self._body()
        if at < 0:
            return
        del self.values[at + 1 :]
        del self._state.state_stack[at + 2 :]
        self._builder.depth = sum(bool(opened.brace) for opened in self.open())

    def cut(self, value: Any) -> None:
        """Forget this value of the stack and everything behind it."""
        at = next(at for at, one in enumerate(self.values) if one is value)
        del self.values[at:]
        del self._state.state_stack[at + 1 :]

    def _nudge(self, at: int) -> None:
        # The parser adds an item when it sees what comes behind the comma: show it something.
        # One of these may always come there.
        next(kind for kind in _STARTS if self.feed(kind, '""', at))
        self.values.pop()
        self._state.state_stack.pop()

    def _body(self) -> int:
        values = self.values
        at = len(values) - 1
        while at >= 0 and not (isinstance(values[at], Opened) and values[at].brace != "["):
            at -= 1
        return at

    def _accepted(self) -> dict[str, Any]:
        return self._parser.choices()  # type: ignore[no-any-return]  # a row of the parse table
